// A notebook host in one page: a model that records what is sent, wrapped anew for each call as anywidget wraps it.
class StubModel {
  constructor(state) {
    this.state = { ...state };
    this.listeners = [];
    this.sent = [];
    this.gone = false;
  }
  get(name) {
    return this.state[name];
  }
  on(event, act, context) {
    this.listeners.push({ event, act, context });
  }
  off(event, act, context) {
    this.listeners = this.listeners.filter(
      (one) =>
        !((event == null || one.event === event) && (act == null || one.act === act) && (context == null || one.context === context)),
    );
  }
  send(content, _callbacks, buffers) {
    if (this.gone) throw new Error("Cannot send");
    const module = content.type === "module" && window.host.modules[content.name];
    if (module) {
      const reply = { v: 1, type: "reply", to: content.client, rev: content.rev, error: null, text: module };
      setTimeout(() => this.emit("msg:custom", reply, []));
      return;
    }
    // What crosses to a kernel is JSON and bytes; anything else would be lost there and must be lost here.
    this.sent.push({ ...JSON.parse(JSON.stringify(content)), bytes: (buffers ?? []).map((one) => one.byteLength) });
  }
  emit(event, ...details) {
    for (const one of [...this.listeners]) if (one.event === event) one.act(...details);
  }
  update(state) {
    Object.assign(this.state, state);
    for (const name of Object.keys(state)) this.emit(`change:${name}`);
  }
}

const wrap = (model, context) => ({
  get: (name) => model.get(name),
  send: (...message) => model.send(...message),
  on: (event, act) => model.on(event, act, context),
  off: (event, act) => model.off(event, act, context),
  get widget_manager() {
    return model.widget_manager;
  },
});

window.host = {
  views: [],
  modules: {},
  async start(source, state, options = {}, modules = {}) {
    this.modules = modules; // which the kernel sends when they are asked for
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const { default: factory } = await import(url);
    URL.revokeObjectURL(url);
    this.model = new StubModel(state);
    this.widget = typeof factory === "function" ? await factory() : factory;
    this.withSignal = options.signal ?? true;
    this.controller = new AbortController();
    if (this.widget.initialize && (options.initialize ?? true)) {
      const signal = this.withSignal ? this.controller.signal : undefined;
      this.closeModel = this.widget.initialize({ model: wrap(this.model, "initialize"), signal });
    }
    this.open();
  },
  open() {
    const el = document.createElement("div");
    document.body.append(el);
    const controller = new AbortController();
    const signal = this.withSignal ? controller.signal : undefined;
    const cleanup = this.widget.render({ model: wrap(this.model, el), el, signal });
    this.views.push({ el, controller, cleanup });
  },
  close(index) {
    const { el, controller, cleanup } = this.views[index];
    controller.abort();
    this.model.off(null, null, el);
    cleanup?.();
  },
  root(index = 0) {
    return this.views[index].el.firstElementChild.shadowRoot;
  },
  client() {
    return this.model.sent.find((message) => message.client)?.client;
  },
  async tell(message, painted) {
    const bytes = painted?.text === undefined ? painted && (await paint(painted)) : new TextEncoder().encode(painted.text).buffer;
    const buffers = bytes ? [new DataView(bytes)] : [];
    const to = "to" in message && message.to === "me" ? { to: this.client() } : {};
    this.model.emit("msg:custom", { v: 1, ...message, ...to }, buffers);
  },
};

/** A picture to look at, without any file: hills in one hue. */
async function paint({ hue = 220, width = 512, height = 512 }) {
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d");
  for (let i = 0; i < 46; i++) {
    const t = i / 45;
    pen.fillStyle = `hsl(${hue + 70 * t} ${40 + 35 * t}% ${18 + 58 * t}%)`;
    pen.beginPath();
    pen.moveTo(0, height);
    for (let k = 0; k <= width; k += 14) {
      pen.lineTo(k, height * (0.1 + t * 0.82) + Math.sin(k / (38 + 40 * t) + i * 0.7 + hue) * 22 * (1 - t * 0.6));
    }
    pen.lineTo(width, height);
    pen.fill();
  }
  return (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer();
}
