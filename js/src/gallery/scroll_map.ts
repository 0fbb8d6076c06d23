const MOST = 8_000_000; // px; browsers draw nothing beyond some 16 million

/**
 * How far down a list is scrolled, whose height no browser can draw: small steps are as long as they are, large ones go to
 * their share of the whole.
 */
export class ScrollMap {
  #height = 0;
  #window = 0;
  #scrolled = 0;
  /** How far down the list the upper edge of the window is. */
  at = 0;

  /** The height that the browser is given. */
  get drawnHeight(): number {
    return Math.min(this.#height, MOST);
  }

  /** What is at `top` in the list lies at `top + shift` in what the browser scrolls. */
  get shift(): number {
    return this.#scrolled - this.at;
  }

  get window(): number {
    return this.#window;
  }

  resize(height: number, window: number): void {
    this.#height = height;
    this.#window = window;
    this.at = this.#inside(this.at);
  }

  /** The browser has scrolled; returns where it should be scrolled to instead, if it should. */
  scrolled(to: number): number | null {
    if (this.#height <= MOST) {
      this.#scrolled = this.at = Math.max(0, to);
      return null;
    }
    const by = to - this.#scrolled;
    const most = MOST - this.#window;
    this.#scrolled = to;
    if (Math.abs(by) > 2 * this.#window || to <= 0 || to >= most) {
      this.at = this.#inside((to / most) * (this.#height - this.#window));
      return null;
    }
    this.at = this.#inside(this.at + by);
    const share = (this.at / (this.#height - this.#window)) * most;
    if (Math.abs(share - to) < most / 4) return null;
    this.#scrolled = share; // after a long way in small steps: back to its share, so that no end is met too early
    return share;
  }

  /** Goes to a height of the list; returns where the browser is to be scrolled to. */
  goTo(at: number): number {
    this.at = this.#inside(at);
    const most = this.#height - this.#window;
    this.#scrolled = this.#height <= MOST || most <= 0 ? this.at : (this.at / most) * (MOST - this.#window);
    return this.#scrolled;
  }

  #inside(at: number): number {
    return Math.max(0, Math.min(at, this.#height - this.#window));
  }
}
