import { expect, test } from "vitest";
import { Topics } from "../src/state/topics.ts";

test("a listener hears its topics until its signal aborts", () => {
  const topics = new Topics();
  const view = new AbortController();
  let heard = 0;
  topics.on(["log", "run"], () => heard++, view.signal);
  topics.emit("log", "form");
  topics.emit("run");
  view.abort();
  topics.emit("log");
  expect(heard).toBe(2);
});

test("a signal that has aborted already adds nothing", () => {
  const topics = new Topics();
  let heard = 0;
  topics.on(["log"], () => heard++, AbortSignal.abort());
  topics.emit("log");
  expect(heard).toBe(0);
});
