import type { View } from "../../view/view.ts";

/** What a late module draws in its drawer; `open` is called each time it is opened. */
export interface Contents {
  element: HTMLElement;
  open(): void;
}

/** A module whose contents stand in a drawer, which `close` folds. */
export interface DrawerModule {
  styles: string;
  mount(view: View, close: () => void): Contents;
}
