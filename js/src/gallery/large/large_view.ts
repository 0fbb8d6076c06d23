import { attr, button, ends, h, icon, on, show, text } from "../../dom/dom.ts";
import { count } from "../../dom/format.ts";
import { onKey } from "../../dom/keys.ts";
import { kindOf } from "../../state/output_kind.ts";
import { drawableUrl } from "../../state/pictures.ts";
import { say } from "../../view/view.ts";
import { canvasKey, mountCanvas } from "../../viewer/canvas.ts";
import type { Details, FoundOutput } from "../gallery_messages.ts";
import type { GalleryView } from "../gallery_store.ts";
import { answerText } from "./answer_text.ts";
import { mountInfo } from "./info.ts";
import { mountPanes } from "./panes.ts";

export interface LargeView {
  element: HTMLElement;
  open(place: number): void;
  /** Two to four runs beside each other. */
  compare(ids: string[]): void;
  /** Two of these runs at a time, of which a person chooses the better one. */
  rank(ids: string[]): void;
}

/** One run in full with its recipe, or two to four pictures that are magnified and moved alike. */
export function mountLargeView(view: GalleryView): LargeView {
  const { store, signal } = view;
  let place = -1;
  let run: Details | null = null;
  let at = 0; // the output that is shown
  let wanted = ""; // the run that is on its way
  let isComing = false; // its card is on its way
  let compared: string[] = []; // the runs beside each other
  let ranked: string[] = []; // the runs to choose among
  let choosing = false;
  const caption = h("p", "caption");
  const trouble = h("p", { class: "bad", role: "alert" });
  const canvas = mountCanvas(
    view,
    () => drawZoom(),
    () => {},
  );
  const panes = mountPanes(view, () => drawZoom());
  const media = h("div", "media");
  const drawAnswer = answerText(view);
  let drawnMedia = "";
  const stage = h("div", "large-stage", canvas.element, panes.element, media);
  const strip = h("div", { class: "strip", role: "group", "aria-label": "Outputs" });
  const info = mountInfo(
    view,
    () => run,
    () => at,
    (id) => openRun(id),
  );
  const percent = h("span", { class: "percent", "aria-live": "off" });
  const zooming = (act: () => void) => () => {
    act();
    draw();
  };
  const zoom = () => (compared.length > 0 ? panes.zoom : canvas.zoom);
  const out = icon(
    "minus",
    "Zoom out",
    zooming(() => zoom().step(-1)),
    signal,
  );
  const closer = icon(
    "plus-sign",
    "Zoom in",
    zooming(() => zoom().step(1)),
    signal,
  );
  const fit = button(
    "Fit",
    "quiet",
    zooming(() => zoom().fit()),
    signal,
  );
  const previous = button("Previous", "quiet", () => go(-1), signal);
  const next = button("Next", "quiet", () => go(1), signal);
  const star = icon("star", "Star", () => void setStar(), signal);
  const save = button("Download", "quiet", () => void download(), signal);
  const close = button("Close", "quiet", () => dialog.close(), signal);
  const left = button("Left is better", "", () => void pick(0), signal);
  const tie = button("Equal", "", () => void pick(null), signal);
  const right = button("Right is better", "", () => void pick(1), signal);
  const skip = button("Skip", "quiet", () => void nextPair(), signal);
  const picked = h("small", { role: "status" });
  const choices = h("div", {
    class: "bar-row picks",
    role: "group",
    "aria-label": "Choose the better picture",
  });
  choices.append(left, tie, right, skip, picked);
  const row = h("div", "bar-row", caption, out, percent, closer, fit, star, previous, next, save, close);
  const main = h("div", "large-main", stage, strip, trouble);
  const dialog = h(
    "dialog",
    { class: "viewer large-view", tabindex: -1 },
    h("div", "large-body", main, info.element),
    choices,
    row,
  );

  const output = (): FoundOutput | undefined => run?.outputs[at];
  const begin = () => {
    text(trouble, "");
    if (!dialog.open) {
      dialog.showModal();
      dialog.focus();
    }
    draw();
  };
  const open = (to: number) => {
    if (to < 0 || to >= store.count) return;
    compared = ranked = [];
    place = to;
    at = 0;
    store.need("large", to, to + 1);
    store.selection.moveTo(to);
    begin();
    void load(to).then(draw);
  };
  /** A run beside the list, as one that another was made from. */
  const openRun = (id: string) => {
    compared = ranked = [];
    at = 0;
    void loadRun(id, place);
    begin();
  };
  const load = async (to: number) => {
    const card = store.card(to);
    isComing = card === undefined;
    if (card) return loadRun(card.id, to);
    run = null;
    wanted = "";
    if (card === null) text(trouble, "This run is no longer in the history.");
  };
  const loadRun = async (id: string, to: number) => {
    if (run?.id !== id) run = null;
    wanted = id;
    const details = await store.details(id);
    if (place !== to || wanted !== id || signal.aborted) return;
    if (typeof details === "string") text(trouble, details);
    else {
      run = details;
      showOutput(0);
    }
    draw();
  };
  const showOutput = (to: number) => {
    at = to;
    canvas.zoom.fit();
    media.replaceChildren();
    const one = output();
    if (one && !one.missing && kindOf(one) === "picture") void fetchFull(one.id);
    draw();
  };
  const fetchFull = async (id: string) => {
    const original = await store.originals.get(id);
    if (typeof original === "string") text(trouble, original);
    store.keepFull(new Set([id]));
    draw();
  };
  const go = (by: number) => open(place + by);
  const fetchAgain = async () => {
    if (!run) return;
    text(trouble, "Fetching the files again");
    const { id } = run;
    const reply = await store.questions.ask({ type: "fetch", id });
    text(trouble, reply.error ?? "");
    if (!reply.details || run?.id !== id) return;
    run = reply.details;
    store.found(run);
    showOutput(at);
  };
  const nextPair = async () => {
    const pair = await store.pair(ranked);
    if (signal.aborted || !dialog.open) return;
    if (typeof pair === "string") return text(trouble, pair);
    text(trouble, "");
    text(picked, `${count(pair.picks, "choice")} so far`);
    panes.zoom.fit();
    compared = pair.ids;
    draw();
  };
  /** The first or the second is better, or neither. */
  const pick = async (which: 0 | 1 | null) => {
    const [first, second] = compared;
    if (!first || !second || choosing) return;
    choosing = true;
    const [better, worse] = which === 1 ? [second, first] : [first, second];
    const reply = await store.questions.ask({ type: "pick", better, worse, tie: which === null });
    if (reply.error) text(trouble, reply.error);
    else await nextPair();
    choosing = false;
  };
  const setStar = async () => {
    if (!run) return;
    const on = !store.cardOf(run.id)?.star;
    say(view, trouble, await store.annotate({ type: "mark", ids: [run.id], on }), true);
  };
  const download = async () => {
    const one = output();
    if (!one) return;
    const original = await store.originals.get(one.id);
    if (typeof original === "string") text(trouble, original);
    else h("a", { href: original.url, download: one.name }).click();
  };
  const play = async (one: FoundOutput) => {
    const original = await store.originals.get(one.id);
    if (typeof original === "string") return text(trouble, original);
    if (output()?.id !== one.id) return;
    const kind = kindOf(one);
    const src = kind === "image" ? await drawableUrl(original) : original.url;
    const facts = { src, controls: true, autoplay: true, "aria-label": one.name };
    const player = kind === "image" ? h("img", { src, alt: one.name }) : h(kind as "video" | "audio", facts);
    media.replaceChildren(player);
    if (player instanceof HTMLVideoElement && !store.pictures.get("thumb", one.id))
      keepPoster(player, one.id);
  };
  /** The first frame that is drawn stands for the video on its card from now on. */
  const keepPoster = (video: HTMLVideoElement, id: string) => {
    const draw = async () => {
      const scale = Math.min(1, 640 / Math.max(video.videoWidth, video.videoHeight, 1));
      const canvas = h("canvas");
      [canvas.width, canvas.height] = [video.videoWidth * scale, video.videoHeight * scale];
      canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
      const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", 0.85));
      if (blob && !signal.aborted) store.link.send({ type: "poster", id }, await blob.arrayBuffer());
    };
    video.addEventListener("loadeddata", () => void draw(), { once: true, signal });
  };
  const keys = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if ((event.target as Element).matches("input, select, textarea, video, audio")) return;
    const chosen = { ArrowLeft: 0, ArrowRight: 1, ArrowDown: null }[event.key] as 0 | 1 | null | undefined;
    if (ranked.length > 0 && chosen !== undefined && !zoom().pannable) {
      event.preventDefault();
      if (!event.repeat) void pick(chosen);
      return;
    }
    const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1 }[event.key];
    if (canvasKey(event, zoom())) draw();
    else if (by && compared.length === 0) go(by);
    else if (event.key === "s") void setStar();
    else return;
    event.preventDefault();
  };
  onKey(dialog, keys, signal);
  on(dialog, "click", (event) => event.target === dialog && dialog.close(), signal);
  on(dialog, "close", () => media.replaceChildren(), signal);

  function drawZoom(): void {
    text(percent, `${Math.round(zoom().scale * 100)}%`);
    attr(fit, "aria-pressed", zoom().fitted);
  }
  function draw(): void {
    const comparing = compared.length > 0;
    const one = output();
    const kind = one && !one.missing ? kindOf(one) : "none";
    const isPicture = !comparing && (kind === "picture" || (!run && place >= 0));
    show(choices, ranked.length > 0, dialog);
    const isStacked = matchMedia("(max-width: 720px)").matches; // as gallery.css has it
    text(left, isStacked ? "The upper is better" : "Left is better");
    text(right, isStacked ? "The lower is better" : "Right is better");
    show(canvas.element, isPicture, dialog);
    show(panes.element, comparing, dialog);
    show(media, !comparing && !isPicture, dialog);
    if (isPicture) canvas.draw(one ?? placeholder());
    if (comparing) panes.draw(compared);
    if (!comparing && !isPicture) drawMedia(one, kind);
    drawStrip(comparing);
    const card = run && store.cardOf(run.id);
    attr(star, "aria-pressed", card?.star ?? false);
    attr(
      dialog,
      "aria-label",
      ranked.length > 0
        ? "Choose the better picture"
        : comparing
          ? `Compare ${compared.length} pictures`
          : `Run ${place + 1} of ${store.count}`,
    );
    text(caption, comparing ? "" : one ? [one.name, one.facts].filter(Boolean).join(" · ") : "");
    for (const each of [previous, next, star]) show(each, !comparing, close);
    attr(previous, "aria-disabled", place <= 0);
    attr(next, "aria-disabled", place >= store.count - 1);
    show(save, !comparing && Boolean(one) && !one?.missing && kind !== "none", close);
    for (const each of [out, percent, closer, fit]) show(each, comparing || kind === "picture", close);
    show(info.element, !comparing, dialog);
    info.draw();
    drawZoom();
  }
  /** The small picture while the details are on their way. */
  function placeholder() {
    const id = `${store.card(place)?.id ?? ""}/0`;
    const picture = store.pictures.get("thumb", id);
    if (!picture) return undefined;
    const { width, height } = picture;
    return { id, name: "", content_type: "", size: null, width, height, text: null, facts: "" };
  }
  function drawMedia(one: FoundOutput | undefined, kind: string): void {
    if (media.querySelector("video, audio, img")) return;
    const key = JSON.stringify([run?.id, run?.text, at, one?.missing]);
    if (key === drawnMedia && media.childElementCount > 0) return; // a person may have scrolled in it
    drawnMedia = key;
    if (one?.missing) {
      const again = button("Fetch again", "", () => void fetchAgain(), signal);
      media.replaceChildren(
        plate("The file is missing", `It ${one.missing}.`, ...(run?.task ? [again] : [])),
      );
    } else if (one && kind === "text") {
      media.replaceChildren(h("pre", { class: "answer", tabindex: 0 }, one.text ?? ""));
    } else if (one && kind !== "none") {
      const label = { video: "Play", audio: "Play", image: "Show" }[kind];
      const act = label ? [button(label, "", () => void play(one), signal)] : [];
      media.replaceChildren(plate(one.name, one.facts, ...act));
    } else if (run?.error) media.replaceChildren(plate(run.word || "No result", run.error));
    else if (run?.text) media.replaceChildren(drawAnswer(run.text));
    else media.replaceChildren(plate(run?.word || "No result", ""));
  }
  function drawStrip(comparing: boolean): void {
    const outputs = run?.outputs ?? [];
    show(strip, !comparing && outputs.length > 1, dialog);
    if (strip.hidden) return;
    store.show(outputs.map((one) => one.id));
    const thumbs = outputs.map((one, to) => {
      const url = store.pictures.get("thumb", one.id)?.url;
      const thumb = button("", "thumb", () => showOutput(to), signal);
      attr(thumb, "aria-label", `Output ${to + 1}, ${one.name}`);
      attr(thumb, "aria-current", to === at);
      thumb.append(url ? h("img", { src: url, alt: "" }) : h("span", "", String(to + 1)));
      return thumb;
    });
    const focused = [...strip.children].findIndex((one) => one.matches(":focus"));
    strip.replaceChildren(...thumbs);
    if (focused >= 0) thumbs[focused]?.focus();
  }
  view.paint(["pictures", "cards"], () => {
    if (!dialog.open) return;
    if (isComing) void load(place);
    draw();
  });
  ends(signal, () => dialog.close());
  return {
    element: dialog,
    open,
    rank: (ids) => {
      run = null;
      ranked = ids;
      compared = ids.slice(0, 2);
      text(picked, "");
      begin();
      void nextPair();
    },
    compare: (ids) => {
      run = null;
      ranked = [];
      compared = ids;
      panes.zoom.fit();
      begin();
    },
  };
}

function plate(title: string, words: string, ...more: HTMLElement[]): HTMLElement {
  return h("div", "plate", h("strong", "", title), h("p", "soft", words), ...more);
}
