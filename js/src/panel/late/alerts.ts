import { button, ends, h, on } from "../../dom/dom.ts";
import { seconds } from "../../dom/format.ts";
import type { RunSummary } from "../../kernel/messages.ts";
import { isActive } from "../../state/runs.ts";
import type { Store } from "../../state/store.ts";
import { say, type View } from "../../view/view.ts";
import own from "./alerts.css";
import type { Contents } from "./drawer_module.ts";

export const styles = own;

const LONG = 10; // seconds; of the end of a shorter run nobody has to be told
const KEY = "wiro-widgets.when-done";
const PAGE = Symbol.for("wiro-widgets.when-done");
const MOST_TITLES = 50; // times that a title is marked again after its page has written another one

interface Choice {
  notify: boolean;
  sound: boolean;
}

/** What all panels of a page share, each with a copy of this module: one title, one choice. */
interface Page {
  prefix: string;
  done: number;
  failed: number;
  choice: Choice;
  audio: AudioContext | null;
  observer: MutationObserver | null;
}

function shared(): Page {
  const place = window as unknown as Record<symbol, Page | undefined>;
  place[PAGE] ??= {
    prefix: "",
    done: 0,
    failed: 0,
    choice: { notify: false, sound: false },
    audio: null,
    observer: null,
  };
  return place[PAGE];
}

/** Of this browser, where it keeps anything; else of this page. Another tab may have changed it meanwhile. */
export function readChoice(): Choice {
  const { choice } = shared();
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "null");
    const { notify, sound } = (kept ?? choice) as Partial<Choice>;
    return { notify: notify === true, sound: sound === true };
  } catch {
    return choice;
  }
}

/** False where the browser keeps nothing. */
function writeChoice(choice: Choice): boolean {
  shared().choice = choice;
  try {
    localStorage.setItem(KEY, JSON.stringify(choice));
    return true;
  } catch {
    return false;
  }
}

/** Tells of each run that ends after ten seconds or more; `runs` are under way since `since`, a performance.now(). */
export function watch(store: Store, runs: number[], since: number): void {
  const begun = new Map(runs.map((number) => [number, since]));
  const look = () => {
    const now = performance.now();
    for (const run of store.runs.list) {
      const start = begun.get(run.number);
      const isShown = run.number === store.run?.number;
      if (isActive(run.status)) {
        // A page that came late knows of the shown run how long it has been under way.
        const early = now - (isShown ? store.elapsed * 1000 : 0);
        begun.set(run.number, Math.min(start ?? now, early));
      } else if (start !== undefined) {
        begun.delete(run.number);
        const took = isShown && store.run ? store.run.elapsed : (now - start) / 1000;
        // Whoever stopped it knows.
        if (took >= LONG && run.status !== "cancelled") tell(store, run, took);
      }
    }
  };
  store.topics.on(["status"], look, new AbortController().signal);
  look();
}

function tell(store: Store, run: RunSummary, took: number): void {
  const succeeded = run.status === "succeeded";
  markTitle(succeeded);
  const { notify, sound } = readChoice();
  if (sound) chime(succeeded);
  if (notify) notifyOf(store, run, took, succeeded);
}

// The title

const isLooking = () => document.visibilityState === "visible" && document.hasFocus();

/** Stands before the page's own title until somebody looks; several panels count together. */
function markTitle(succeeded: boolean): void {
  if (isLooking()) return;
  const page = shared();
  if (succeeded) page.done += 1;
  else page.failed += 1;
  const { done, failed } = page;
  const counts = [
    done && (done === 1 && !failed ? "Done" : `${done} done`),
    failed && (failed === 1 && !done ? "Not done" : `${failed} not done`),
  ];
  const own = unmarked();
  page.prefix = `${counts.filter(Boolean).join(", ")} · `;
  document.title = page.prefix + own;
  if (page.observer) return;
  // A notebook writes its title anew when it is saved or renamed.
  let times = 0;
  page.observer = new MutationObserver(() => {
    const isOurs = document.title.startsWith(page.prefix);
    if (isOurs || !page.prefix || ++times > MOST_TITLES) return;
    document.title = page.prefix + document.title;
  });
  page.observer.observe(document.head, { subtree: true, childList: true, characterData: true });
  for (const event of SIGNS) window.addEventListener(event, restoreTitle, true);
}

const SIGNS = ["focus", "visibilitychange", "pointerdown"];

function unmarked(): string {
  const { prefix } = shared();
  return prefix && document.title.startsWith(prefix) ? document.title.slice(prefix.length) : document.title;
}

function restoreTitle(): void {
  if (!isLooking()) return;
  const page = shared();
  page.observer?.disconnect();
  const own = unmarked();
  Object.assign(page, { prefix: "", done: 0, failed: 0, observer: null });
  if (document.title !== own) document.title = own;
  for (const event of SIGNS) window.removeEventListener(event, restoreTitle, true);
}

// A notification

/** Why there are none here; empty where the browser may be asked. */
function whyNone(): string {
  if (typeof Notification === "undefined") return "This page cannot show notifications";
  if (!window.isSecureContext) return "The browser shows notifications for pages with https only";
  if (Notification.permission === "denied")
    return window.top === window
      ? "The browser blocks notifications of this page: its settings for the site allow them"
      : "Notifications are blocked where a notebook stands in a frame, as in VS Code";
  return "";
}

async function allow(): Promise<string> {
  const why = whyNone();
  if (why || Notification.permission === "granted") return why;
  try {
    return (await Notification.requestPermission()) === "granted" ? "" : whyNone() || "Not allowed";
  } catch {
    return "This page cannot show notifications";
  }
}

function notifyOf(store: Store, run: RunSummary, took: number, succeeded: boolean): void {
  if (typeof Notification === "undefined" || Notification.permission !== "granted") return;
  const model = store.values.form?.model ?? "Wiro";
  const words = [`Run ${run.number}`, seconds(took), run.prompt.slice(0, 80)];
  try {
    const notification = new Notification(`${succeeded ? "Done" : "Not done"}: ${model}`, {
      body: words.filter(Boolean).join(" · "),
      tag: `${store.cardId} ${run.number}`, // of two tabs with the same notebook one tells
    });
    notification.onclick = () => {
      window.focus();
      store.runs.show(run.number);
      notification.close();
    };
  } catch {
    // A phone's browser has the name and not the thing; the title says it.
  }
}

// A sound

/** Two soft notes, upwards if all is well; made here, so that there is no file. False where there is no sound. */
function chime(succeeded: boolean): boolean {
  const page = shared();
  try {
    page.audio ??= new AudioContext();
    const { audio } = page;
    void audio.resume().catch(() => {}); // a page that nobody has touched may make no sound
    for (const [at, pitch] of (succeeded ? [660, 880] : [440, 330]).entries()) {
      const [tone, volume] = [audio.createOscillator(), audio.createGain()];
      const start = audio.currentTime + at * 0.16;
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0, start);
      volume.gain.linearRampToValueAtTime(0.08, start + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.4);
      tone.connect(volume).connect(audio.destination);
      tone.start(start);
      tone.stop(start + 0.42);
    }
    return true;
  } catch {
    return false;
  }
}

// The choice

/** Nothing is on until it is asked for, and nothing is asked of the browser until then. */
export function mount(view: View, close: () => void): Contents {
  const { signal } = view;
  const words = h("p", { class: "said" });
  const check = (label: string, act: (on: boolean) => void) => {
    const input = h("input", { type: "checkbox" });
    on(input, "change", () => act(input.checked), signal);
    return { input, element: h("label", "check", input, label) };
  };
  const keep = (change: Partial<Choice>, told: string) => {
    const isKept = writeChoice({ ...readChoice(), ...change });
    say(view, words, isKept ? told : `${told} The browser keeps nothing here: it holds for this page.`);
  };
  const notify = check("Also show a notification", async (isOn) => {
    const why = isOn ? await allow() : "";
    if (signal.aborted) return;
    if (why) {
      notify.input.checked = false;
      return say(view, words, `${why}. The tab's title says it all the same.`, true);
    }
    keep({ notify: isOn }, isOn ? "A notification comes with the end of a long run." : "");
  });
  const sound = check("Also play a sound", (isOn) => {
    if (isOn && !chime(true)) {
      sound.input.checked = false;
      return say(view, words, "This page cannot play sounds.", true);
    }
    keep({ sound: isOn }, isOn ? "That is how it sounds." : "");
  });
  const draw = () => {
    const choice = readChoice();
    notify.input.checked = choice.notify && whyNone() === "";
    sound.input.checked = choice.sound;
  };
  window.addEventListener("storage", draw);
  ends(signal, () => window.removeEventListener("storage", draw));
  const about = h(
    "p",
    "grow",
    `When a run of ${LONG} seconds or more has ended and you look elsewhere, the tab's title says so.`,
  );
  const head = h("div", "drawer-head", about, button("Close", "quiet", close, signal));
  return { element: h("div", "", head, notify.element, sound.element, words), open: draw };
}
