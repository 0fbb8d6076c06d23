import type { Day } from "./gallery_messages.ts";

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** A day with the part of its cards that is to be drawn. */
export interface Section {
  day: string;
  count: number;
  top: number;
  height: number;
  /** Places of the first card and behind the last one that are drawn, in the whole list. */
  from: number;
  to: number;
}

export const HEADING = 40; // px
const GAP = 8;
const CAPTION = 24;

/** Where the cards of a list lie: by days, in rows of squares. Nothing here takes longer for a longer day. */
export class Layout {
  readonly columns: number;
  readonly side: number;
  readonly height: number;
  readonly #days: Day[];
  /** By day: the place of its first card, and how far down it begins. */
  readonly #firsts: number[] = [];
  readonly #tops: number[] = [];

  constructor(days: Day[], width: number, least: number) {
    this.#days = days;
    this.columns = Math.max(1, Math.floor((width + GAP) / (least + GAP)));
    this.side = Math.max(40, Math.floor((width - GAP * (this.columns - 1)) / this.columns));
    let [place, top] = [0, 0];
    for (const [, count] of days) {
      this.#firsts.push(place);
      this.#tops.push(top);
      place += count;
      top += HEADING + Math.ceil(count / this.columns) * this.rowHeight;
    }
    this.height = top;
  }

  get count(): number {
    return (this.#firsts.at(-1) ?? 0) + (this.#days.at(-1)?.[1] ?? 0);
  }

  get rowHeight(): number {
    return this.side + CAPTION + GAP;
  }

  /** Where a card lies. */
  box(place: number): Box {
    const day = lastAtMost(this.#firsts, place);
    const within = place - (this.#firsts[day] ?? 0);
    return {
      left: (within % this.columns) * (this.side + GAP),
      top: (this.#tops[day] ?? 0) + HEADING + Math.floor(within / this.columns) * this.rowHeight,
      width: this.side,
      height: this.side + CAPTION,
    };
  }

  /** The days and cards that lie between two heights. */
  between(top: number, bottom: number): Section[] {
    const sections: Section[] = [];
    for (let day = Math.max(0, lastAtMost(this.#tops, top)); day < this.#days.length; day++) {
      const [dayTop = 0, first = 0] = [this.#tops[day], this.#firsts[day]];
      const [iso = "", count = 0] = this.#days[day] ?? [];
      if (dayTop > bottom) break;
      const rows = Math.ceil(count / this.columns);
      const row = (at: number) =>
        Math.min(rows, Math.max(0, Math.floor((at - dayTop - HEADING) / this.rowHeight)));
      sections.push({
        day: iso,
        count,
        top: dayTop,
        height: HEADING + rows * this.rowHeight,
        from: first + row(top) * this.columns,
        to: first + Math.min(count, (row(bottom) + 1) * this.columns),
      });
    }
    return sections;
  }

  /** The place of the first card at or below a height. */
  placeAt(top: number): number {
    const [section] = this.between(top, top);
    return section ? Math.min(section.from, Math.max(0, this.count - 1)) : 0;
  }

  /** The place above (-1) or below (1) a card, in the nearest column, over the edge of a day too. */
  vertical(place: number, direction: number): number {
    const day = lastAtMost(this.#firsts, place);
    const first = this.#firsts[day] ?? 0;
    const count = this.#days[day]?.[1] ?? 0;
    const within = place - first;
    const column = within % this.columns;
    const row = Math.floor(within / this.columns) + direction;
    const rows = Math.ceil(count / this.columns);
    if (row >= 0 && row < rows) return first + Math.min(count - 1, row * this.columns + column);
    const other = day + direction;
    const [, others] = this.#days[other] ?? [];
    const begin = this.#firsts[other];
    if (others === undefined || begin === undefined) return place;
    const lastRow = Math.ceil(others / this.columns) - 1;
    return begin + Math.min(others - 1, (direction > 0 ? 0 : lastRow * this.columns) + column);
  }
}

/** The index of the last number that is not above a value; the numbers rise. */
function lastAtMost(numbers: number[], value: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
