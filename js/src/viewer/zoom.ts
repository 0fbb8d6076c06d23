export interface Size {
  width: number;
  height: number;
}

const MOST = 16;
const STEP = 1.25;

/** How a picture lies in its window: by how much it is magnified, and how far its centre is from the window's. */
export class Zoom {
  scale = 1;
  x = 0;
  y = 0;
  /** Shown whole, and again whole when the window changes. */
  fitted = true;
  #window: Size = { width: 1, height: 1 };
  #picture: Size = { width: 1, height: 1 };

  /** The scale that shows all of it; a small picture is not blown up. */
  get whole(): number {
    const { width, height } = this.#picture;
    return Math.min(1, this.#window.width / width, this.#window.height / height);
  }

  get pannable(): boolean {
    return this.scale > this.whole;
  }

  resize(window: Size, picture: Size): void {
    this.#window = window;
    this.#picture = picture;
    if (this.fitted) this.fit();
    else this.#keepInside();
  }

  fit(): void {
    this.fitted = true;
    this.scale = this.whole;
    this.x = this.y = 0;
  }

  /** Magnifies about a point, given from the window's centre: what is there stays there. */
  to(scale: number, at: { x: number; y: number } = { x: 0, y: 0 }): void {
    const next = Math.min(MOST, Math.max(this.whole, scale));
    const by = next / this.scale;
    this.scale = next;
    this.x = at.x - (at.x - this.x) * by;
    this.y = at.y - (at.y - this.y) * by;
    this.fitted = next === this.whole;
    this.#keepInside();
  }

  step(direction: number): void {
    this.to(this.scale * STEP ** direction);
  }

  pan(x: number, y: number): void {
    this.x += x;
    this.y += y;
    this.#keepInside();
  }

  #keepInside(): void {
    const room = (picture: number, window: number) => Math.max(0, (picture * this.scale - window) / 2);
    const [across, down] = [
      room(this.#picture.width, this.#window.width),
      room(this.#picture.height, this.#window.height),
    ];
    this.x = Math.min(across, Math.max(-across, this.x));
    this.y = Math.min(down, Math.max(-down, this.y));
  }
}
