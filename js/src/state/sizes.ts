import type { Parameter } from "../kernel/messages.ts";
import { stepped } from "./rules.ts";

export type Size = [width: number, height: number];

/** Width to height, as people name them; upright ones are the same the other way round. */
export const RATIOS: [name: string, width: number, height: number][] = [
  ["1:1", 1, 1],
  ["5:4", 5, 4],
  ["4:3", 4, 3],
  ["3:2", 3, 2],
  ["16:9", 16, 9],
  ["21:9", 21, 9],
  ["4:5", 4, 5],
  ["3:4", 3, 4],
  ["2:3", 2, 3],
  ["9:16", 9, 16],
];

const GRAIN = 8; // models work in blocks, also where their schema counts single pixels
const AREA = 1024 * 1024;
const NEAR = 0.02; // how far a size may be from a ratio whose name it has
const AROUND = 8; // steps on either side that are looked at

/** The name of the ratio that this size has, to the nearest step; "" for none. */
export function ratioName([width, height]: Size): string {
  const off = ([, w, h]: (typeof RATIOS)[number]) => Math.abs(Math.log((width * h) / (height * w)));
  const [nearest] = [...RATIOS].sort((a, b) => off(a) - off(b));
  return nearest && off(nearest) < NEAR ? nearest[0] : "";
}

/** A whole area to keep: that of the size, or a megapixel where there is none. */
export function areaOf([width, height]: Size): number {
  return width > 0 && height > 0 ? width * height : AREA;
}

/** The size of this ratio and about this area that the model takes: on its steps, within its limits. */
export function sizeOf(ratio: number, area: number, width: Parameter, height: Parameter): Size {
  const [across, down] = [scaleOf(width), scaleOf(height)];
  // Limits go before the area, and the ratio before both as far as it can.
  const lowest = Math.max(across.low, down.low * ratio);
  const highest = Math.min(across.high, down.high * ratio);
  const wanted = Math.min(highest, Math.max(lowest, Math.sqrt(area * ratio)));
  let best: Size = [across.fit(wanted), down.fit(wanted / ratio)];
  let least = Number.POSITIVE_INFINITY;
  for (let step = -AROUND; step <= AROUND; step++) {
    const w = across.fit(wanted + step * across.grain);
    const h = down.fit(w / ratio);
    const cost =
      2 * Math.abs(Math.log(w / h / ratio)) + Math.abs(Math.log((w * h) / (wanted * (wanted / ratio))));
    if (cost < least - 1e-9) [best, least] = [[w, h], cost];
  }
  return best;
}

/** The size of a picture as it is, made smaller or larger only as far as the model's limits ask for it. */
export function sizeLike([w, h]: Size, width: Parameter, height: Parameter): Size {
  const exact: Size = [scaleOf(width, 1).fit(w), scaleOf(height, 1).fit(h)];
  return exact[0] === w && exact[1] === h ? exact : sizeOf(w / h, w * h, width, height);
}

/** The other side of a size whose ratio is locked. */
export function sideOf(p: Parameter, wanted: number): number {
  return scaleOf(p, 1).fit(wanted);
}

function scaleOf(p: Parameter, least = GRAIN) {
  const step = p.step && p.step >= 1 ? p.step : 1;
  const bottom = p.minimum ?? 0;
  const grain = step % least === 0 || bottom % least !== 0 || least % step !== 0 ? step : least;
  const low = Math.max(bottom, grain);
  const high = p.maximum ?? Number.POSITIVE_INFINITY;
  const fit = (value: number) => {
    const last = bottom + Math.floor((high - bottom) / grain) * grain;
    const on = bottom + Math.round((value - bottom) / grain) * grain;
    return stepped(p, Math.min(last, Math.max(low, on)), 0);
  };
  return { grain, low, high, fit };
}
