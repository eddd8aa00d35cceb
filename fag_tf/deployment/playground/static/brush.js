// The brush moved by keys: a cursor on the table that is put down and lifted.

const STEP = 5; // mm
const FINE = 1; // mm, with Shift
const LEAST = 4; // mm: a smaller cursor is not seen
const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class KeyBrush {
  constructor(view, drawing, tableMm, { onDown, onMove }) {
    this.view = view;
    this.circle = view.querySelector("circle");
    this.drawing = drawing;
    this.half = tableMm / 2;
    this.onDown = onDown;
    this.onMove = onMove;
    this.at = [0, 0];
    this.isDown = false;
  }

  // Whether the key was one of the brush's.
  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key in WAYS) {
      const step = event.shiftKey ? FINE : STEP;
      this.at = this.at.map((value, axis) =>
        Math.min(Math.max(value + step * WAYS[event.key][axis], -this.half), this.half));
      if (this.isDown) this.drawing.extend([this.drawing.pixel(...this.at)]);
    } else if (event.key !== " ") {
      return false;
    } else if (this.isDown) {
      this.lift();
    } else if (!event.repeat) {
      this.isDown = true;
      this.onDown(this.drawing.pixel(...this.at));
    }
    event.preventDefault();
    this.show();
    return true;
  }

  lift() {
    if (!this.isDown) return;
    this.isDown = false;
    this.drawing.end();
  }

  show() {
    const [x, y] = this.at;
    const { tool, size } = this.drawing;
    const diameter = tool === "outline" ? LEAST : Math.max(size, LEAST);
    this.view.setAttribute("transform", `translate(${x} ${-y})`);
    this.circle.setAttribute("r", diameter / 2);
    this.view.classList.toggle("down", this.isDown);
    this.view.removeAttribute("hidden");
    this.onMove(`${tool} ${this.isDown ? "down" : "lifted"} at x ${x} mm, y ${y} mm`);
  }

  // What is drawn by hand, or left, is not drawn on with keys.
  leave() {
    this.lift();
    this.view.setAttribute("hidden", "");
  }
}
