// A part drawn by hand: strokes kept as they were made, so that the last can be taken back.

export class Drawing {
  constructor(canvas, tableMm, ink, onChange) {
    this.canvas = canvas;
    this.ink = ink; // the colour's name in the style sheet
    this.context = canvas.getContext("2d");
    this.perMm = canvas.width / tableMm;
    this.strokes = [];
    this.current = null;
    this.tool = "brush";
    this.size = 24;
    this.onChange = onChange;
  }

  get isEmpty() {
    return !this.shown.some((stroke) => stroke.tool !== "eraser");
  }

  get isBusy() {
    return this.current !== null;
  }

  // Strokes since the table was last cleared.
  get shown() {
    return this.strokes.slice(this.strokes.findLastIndex((stroke) => stroke.tool === "clear") + 1);
  }

  // A place on the table, mm from its middle and y up, in pixels of the canvas.
  pixel(x, y) {
    return [this.canvas.width / 2 + x * this.perMm, this.canvas.height / 2 - y * this.perMm];
  }

  // A place on the screen in pixels of the canvas.
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * this.canvas.width,
      ((event.clientY - box.top) / box.height) * this.canvas.height,
    ];
  }

  begin(pixel) {
    this.current = { tool: this.tool, size: this.size, points: [pixel] };
    this.strokes.push(this.current);
    this.paint();
  }

  extend(pixels) {
    if (!this.current) return;
    this.current.points.push(...pixels);
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

  // Kept as a stroke is, so that it can be taken back.
  clear() {
    if (this.shown.length) this.strokes.push({ tool: "clear" });
    this.paint();
    this.onChange();
  }

  paint() {
    const { context, canvas } = this;
    context.globalCompositeOperation = "source-over";
    context.clearRect(0, 0, canvas.width, canvas.height);
    const ink = getComputedStyle(canvas).getPropertyValue(this.ink).trim();
    for (const stroke of this.shown) this.paintStroke(stroke, ink);
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
