/** Which runs are selected, in order, and which place has the focus. */
export class Selection {
  /** The place that the keyboard is at. */
  focus = 0;
  /** Where a range begins. */
  anchor = 0;
  #ids = new Set<string>();
  readonly #send: (ids: string[]) => unknown;
  readonly #onChange: () => void;

  constructor(send: (ids: string[]) => unknown, onChange: () => void) {
    this.#send = send;
    this.#onChange = onChange;
  }

  get ids(): string[] {
    return [...this.#ids];
  }

  get size(): number {
    return this.#ids.size;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Python, or another view, selected these. */
  follow(ids: string[]): void {
    if (ids.join() === this.ids.join()) return;
    this.#ids = new Set(ids);
    this.#onChange();
  }

  set(ids: string[]): void {
    if (ids.length === 0 && this.#ids.size === 0) return;
    this.#ids = new Set(ids);
    this.#changed();
  }

  add(ids: string[]): void {
    this.set([...this.#ids, ...ids]);
  }

  toggle(id: string): void {
    this.set(this.has(id) ? this.ids.filter((one) => one !== id) : [...this.#ids, id]);
  }

  moveTo(place: number): void {
    this.focus = place;
    this.#onChange();
  }

  #changed(): void {
    this.#send(this.ids);
    this.#onChange();
  }
}
