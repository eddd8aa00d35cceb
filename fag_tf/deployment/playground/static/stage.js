// The table with its part and every grasp on it; one grasp is pointed at or walked to.

import { colour, element, path, points } from "./svg.js";

const REACH = 12; // mm: how far from a grasp's centre pointing at it begins
const LENGTHS = [10, 20, 50, 100, 200, 500, 1000]; // mm, of the scale bar

export class Stage {
  constructor(stage, view, tableMm, onSelect, onObject) {
    this.stage = stage;
    this.view = view;
    this.half = tableMm / 2;
    this.onSelect = onSelect;
    this.onObject = onObject;
    this.objects = []; // rings of each object of a picture that shows several
    this.index = null; // of the one that is the part
    this.answer = null;
    this.selected = -1;
    this.mode = null;
    this.whole = false; // the whole table is shown, not just the part
    this.picture = null;
    stage.addEventListener("pointermove", (event) => this.point(event));
    stage.addEventListener("pointerleave", () => this.showJaw(this.selected));
    stage.addEventListener("click", (event) => this.choose(event));
  }

  // Objects of a picture that can be clicked, and the number of the one that is grasped.
  showObjects(objects, index) {
    this.objects = objects;
    this.index = index;
    this.stage.classList.toggle("choosing", objects.length > 0 && index === null);
  }

  show(answer) {
    this.answer = answer;
    this.mode = null;
    this.draw();
    this.select(answer?.walk[0] ?? -1);
  }

  draw() {
    const { answer, view } = this;
    const window = answer && !this.whole ? answer.view : this.wholeTable();
    view.setAttribute("viewBox", window.join(" "));
    const up = element("g", { transform: "scale(1 -1)" });
    up.append(element("path", { class: "grid", d: this.gridLines() }));
    if (this.picture) up.append(this.pictureImage());
    if (answer?.neighbours.length) {
      up.append(element("path", { class: "neighbour", d: path(answer.neighbours) }));
    }
    this.others = this.objects.map((rings, index) =>
      element("path", { class: index === this.index ? "chosen" : "object", d: path(rings) }));
    up.append(...this.others);
    if (answer) up.append(element("path", { class: "part", d: path(answer.outline) }));
    up.append(this.origin(window));
    view.replaceChildren(up, this.scaleBar(window));
    this.ticks = [];
    this.jaw = null;
    if (!answer) return;
    const group = element("g", { class: "ticks" });
    this.ticks = answer.jaws.ticks.map(([from, to], index) =>
      element("line", {
        class: "tick", x1: from[0], y1: from[1], x2: to[0], y2: to[1],
        stroke: colour(answer.grasps[index].feasibility),
      }));
    group.append(...this.ticks);
    answer.exact?.broken.forEach((rule, index) => {
      if (!rule) return;
      const { x, y } = answer.grasps[index];
      group.append(element("path", { class: "refused", d: `M${x - 1.5} ${y - 1.5}l3 3m0-3l-3 3` }));
    });
    this.jaw = element("g");
    up.append(group, this.jaw);
    this.showMode(this.mode);
    this.showJaw(this.selected);
  }

  // The table, and a picture that is laid on it: one that was refused may be larger.
  wholeTable() {
    const { width = 0, height = 0 } = this.picture ?? {};
    const half = Math.max(this.half, width / 2, height / 2);
    return [-half, -half, 2 * half, 2 * half];
  }

  gridLines() {
    const lines = [];
    for (let at = -this.half; at <= this.half; at += 50) {
      lines.push(`M${at} ${-this.half}V${this.half}M${-this.half} ${at}H${this.half}`);
    }
    return lines.join("");
  }

  pictureImage() {
    const { url, width, height } = this.picture;
    return element("image", {
      href: url, x: -width / 2, y: -height / 2, width, height, opacity: 0.45,
      transform: "scale(1 -1)", preserveAspectRatio: "none",
    });
  }

  // Where x and y count from, and which way.
  origin([, , size]) {
    const [arm, tip] = [size * 0.06, size * 0.008];
    const arrows = `M0 ${-arm}V0H${arm}M${arm - tip} ${-tip}l${tip} ${tip} ${-tip} ${tip}`
      + `M${-tip} ${tip - arm}l${tip} ${-tip} ${tip} ${tip}`;
    const letter = (x, y, text) =>
      element("text", { class: "origin-text", x, y, "font-size": size * 0.026 }, text);
    return element("g", { transform: "scale(1 -1)" },
      element("path", { class: "origin", d: arrows }),
      element("circle", { class: "origin-dot", r: size * 0.005 }),
      letter(arm + 2 * tip, 0, "x"), letter(0, -arm - 2 * tip, "y"));
  }

  scaleBar([left, top, size]) {
    const length = LENGTHS.findLast((each) => each <= size / 4) ?? LENGTHS[0];
    const [x, y] = [left + size * 0.04, top + size * 0.96];
    const text = element("text", {
      class: "scale-text", x: x + length / 2, y: y - size * 0.012, "font-size": size * 0.028,
    }, `${length} mm`);
    return element("g", {}, element("path", { class: "scale", d: `M${x} ${y}h${length}` }), text);
  }

  showMode(mode) {
    this.mode = mode;
    this.ticks.forEach((tick, index) =>
      tick.classList.toggle("dim", mode !== null && this.answer.grasps[index].mode !== mode));
  }

  showJaw(index) {
    if (!this.jaw) return;
    this.jaw.replaceChildren();
    const grasp = this.answer?.grasps[index];
    if (!grasp) return;
    const [from, to] = this.answer.jaws.closing[index];
    this.jaw.append(
      element("line", { class: "closing", x1: from[0], y1: from[1], x2: to[0], y2: to[1] }),
      ...this.answer.jaws.fingers[index].map((finger) =>
        element("polygon", { class: "finger", points: points(finger) })),
      element("circle", { class: "centre", cx: grasp.x, cy: grasp.y, r: 1.6 }),
    );
  }

  select(index) {
    this.selected = index;
    this.showJaw(index);
    this.onSelect(index);
  }

  // Where the pointer is, mm and y up.
  place(event) {
    const box = this.view.getBoundingClientRect();
    const [left, top, size] = this.view.getAttribute("viewBox").split(" ").map(Number);
    return {
      x: left + ((event.clientX - box.left) / box.width) * size,
      y: -(top + ((event.clientY - box.top) / box.height) * size),
    };
  }

  // The grasp next to where the pointer is, or -1.
  near(event) {
    const { x, y } = this.place(event);
    let [best, nearest] = [-1, REACH];
    this.answer?.grasps.forEach((grasp, index) => {
      if (this.mode !== null && grasp.mode !== this.mode) return;
      const apart = Math.hypot(grasp.x - x, grasp.y - y);
      if (apart < nearest) [best, nearest] = [index, apart];
    });
    return best;
  }

  // The number of the object under the pointer that is not grasped, or -1.
  objectAt(event) {
    const { x, y } = this.place(event);
    const at = new DOMPoint(x, y);
    return (this.others ?? []).findIndex((other, index) =>
      index !== this.index && other.isPointInFill(at));
  }

  point(event) {
    if (event.buttons) return;
    this.stage.classList.toggle("over-object", this.objectAt(event) >= 0);
    const index = this.near(event);
    this.showJaw(index < 0 ? this.selected : index);
  }

  choose(event) {
    if (this.stage.classList.contains("drawing")) return;
    const object = this.objectAt(event);
    if (object >= 0) return this.onObject(object);
    const index = this.near(event);
    if (index >= 0) this.select(index);
  }

  walk(event) {
    const answer = this.answer;
    if (!answer?.walk.length || event.ctrlKey || event.metaKey || event.altKey) return;
    const order = this.mode === null
      ? answer.walk : answer.walk.filter((index) => answer.grasps[index].mode === this.mode);
    const last = order.length - 1;
    const at = Math.max(order.indexOf(this.selected), 0);
    const modeAt = (place) => answer.grasps[order[place]].mode;
    const next = () => (at === last ? 0 : at + 1);
    const previous = () => (at === 0 ? last : at - 1);
    const steps = {
      ArrowRight: next,
      n: next,
      ArrowLeft: previous,
      p: previous,
      Home: () => 0,
      End: () => last,
      ArrowDown: () => order.findIndex((_, place) => modeAt(place) > modeAt(at)),
      ArrowUp: () => {
        const earlier = order.filter((index) => answer.grasps[index].mode < modeAt(at));
        if (!earlier.length) return -1;
        const mode = answer.grasps[earlier[earlier.length - 1]].mode;
        return order.findIndex((_, place) => modeAt(place) === mode);
      },
    };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const place = steps[event.key]();
    if (place >= 0 && order.length) this.select(order[place]);
  }
}
