// A part drawn by hand: strokes kept as they were made, so that the last can be taken back.

export class Drawing {
  constructor(canvas, tableMm, onChange) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.perMm = canvas.width / tableMm;
    this.strokes = [];
    this.current = null;
    this.tool = "brush";
    this.size = 24;
    this.onChange = onChange;
  }

  get isEmpty() {
    return !this.strokes.some((stroke) => stroke.tool !== "eraser");
  }

  get isBusy() {
    return this.current !== null;
  }

  // A place on the screen in pixels of the canvas.
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * this.canvas.width,
      ((event.clientY - box.top) / box.height) * this.canvas.height,
    ];
  }

  begin(event) {
    this.current = { tool: this.tool, size: this.size, points: [this.place(event)] };
    this.strokes.push(this.current);
    this.paint();
  }

  extend(event) {
    if (!this.current) return;
    for (const each of event.getCoalescedEvents?.() ?? []) this.current.points.push(this.place(each));
    this.current.points.push(this.place(event));
    this.paint();
  }

  end() {
    if (!this.current) return;
    this.current = null;
    this.paint();
    this.onChange();
  }

  undo() {
    this.strokes.pop();
    this.paint();
    this.onChange();
  }

  clear() {
    this.strokes = [];
    this.paint();
    this.onChange();
  }

  paint() {
    const { context, canvas } = this;
    context.globalCompositeOperation = "source-over";
    context.clearRect(0, 0, canvas.width, canvas.height);
    const ink = getComputedStyle(canvas).getPropertyValue("--part").trim();
    for (const stroke of this.strokes) this.paintStroke(stroke, ink);
  }

  paintStroke(stroke, ink) {
    const { context } = this;
    context.globalCompositeOperation = stroke.tool === "eraser" ? "destination-out" : "source-over";
    context.fillStyle = ink;
    context.strokeStyle = ink;
    context.lineCap = "round";
    context.lineJoin = "round";
    context.beginPath();
    const [first, ...rest] = stroke.points;
    context.moveTo(...first);
    for (const point of rest) context.lineTo(...point);
    if (stroke.tool === "outline") {
      context.closePath();
      if (stroke !== this.current) return context.fill();
      context.lineWidth = this.perMm;
    } else {
      if (!rest.length) context.lineTo(first[0] + 0.01, first[1]);
      context.lineWidth = stroke.size * this.perMm;
    }
    return context.stroke();
  }

  // The file in base64; the ink's opacity says what the part covers.
  file() {
    return this.canvas.toDataURL("image/png").split(",")[1];
  }
}
