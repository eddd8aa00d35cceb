// The page: what is chosen becomes a question, and the answer is shown.

import { KeyBrush } from "./brush.js";
import { Charts } from "./charts.js";
import { Controls } from "./controls.js";
import { Drawing } from "./drawing.js";
import { Server } from "./server.js";
import { Stage } from "./stage.js";
import { colours, onSchemeChange, setColours } from "./svg.js";
import { choice as openText, grasp as graspText, status as statusText } from "./words.js";

const PAUSE = 180; // ms without a change before it is asked
const PATIENCE = 400; // ms until it is told that the answer is still awaited
const TABLE = 300; // mm

const byId = (id) => document.getElementById(id);
const stageBox = byId("stage");
let timer = 0;
let waiting = 0;
let asked = null; // the question that is answered
let answer = null;

const controls = new Controls(ask);
const drawing = new Drawing(byId("canvas"), TABLE, "--part", ask);
const beside = new Drawing(byId("canvas-beside"), TABLE, "--neighbour", ask);
const pencil = () => (controls.drawsBeside ? beside : drawing); // the drawing that is drawn on
const brush = new KeyBrush(byId("brush"), drawing, TABLE, {
  onDown: beginStroke,
  onMove(text) { byId("selected").textContent = `${text[0].toUpperCase()}${text.slice(1)}`; },
});
const stage = new Stage(stageBox, byId("view"), TABLE, tellSelected, (index) => controls.chooseObject(index));
const charts = new Charts((mode) => {
  stage.showMode(mode);
  const first = answer.walk.find((index) => mode === null || answer.grasps[index].mode === mode);
  if (first !== undefined) stage.select(first);
});
const server = new Server({
  onModel(model) {
    byId("model").textContent = `model ${model.model}, version ${model.version}`;
    setColours(model.colours);
    controls.describe(model);
    showBar();
    ask();
  },
  onGone() {
    byId("gone").hidden = false;
    setBusy(false);
    tell("");
  },
  onBack(unanswered) {
    byId("gone").hidden = true;
    if (unanswered) ask();
    else if (answer) tellAnswer();
  },
});

function ask() {
  clearTimeout(timer);
  timer = setTimeout(askNow, PAUSE);
}

async function askNow() {
  const question = controls.question();
  if (!question || !controls.model) {
    if (controls.model) tell("A field holds no number that can be used.", true);
    return;
  }
  const { kind, beside: besides } = controls;
  const part = kind === "name" ? { name: byId("shape").value }
    : kind === "drawing" ? (drawing.isEmpty ? null : { drawing: drawing.file() })
      : await controls.pictured();
  const neighbours = besides === "draw-beside" ? (beside.isEmpty ? null : { drawing: beside.file() })
    : besides === "picture-beside" ? await controls.picturedBeside() : null;
  // Changed while a picture was read.
  if (kind !== controls.kind || besides !== controls.beside) return;
  if (!part) {
    server.drop();
    setBusy(false);
    show(null);
    tell(kind === "drawing" ? "Draw a part on the table." : "Choose a picture of a part.");
    return;
  }
  setBusy(true);
  const told = await server.ask({ ...question, part, ...(neighbours && { neighbours }) });
  if (told === null) return;
  setBusy(false);
  asked = question;
  if (told.error) {
    showObjects();
    show(null);
    tell(told.error, true);
  } else if (!told.grasps) {
    choose(told);
  } else {
    showObjects(told);
    show(told);
    tellAnswer();
  }
}

// The picture shows several objects, and the part is to be clicked.
function choose(told) {
  showObjects(told);
  show(null);
  tell(openText(told));
}

function showObjects({ objects = [], index = null } = {}) {
  controls.showObjects(objects.length, index);
  stage.showObjects(objects, index);
}

function setBusy(busy) {
  clearTimeout(waiting);
  if (busy) waiting = setTimeout(() => tell("Looking for grasps …"), answer ? PATIENCE : 0);
  for (const box of [stageBox, byId("right")]) box.setAttribute("aria-busy", String(busy));
}

function show(told) {
  answer = told;
  stageBox.classList.toggle("pictured", controls.kind === "picture");
  stage.show(told);
  charts.show(told);
  byId("download").disabled = !told?.grasps.length;
  byId("marks").hidden = !(told?.exact && told.grasps.length);
  byId("empty").hidden = !told || told.grasps.length > 0;
  byId("empty").textContent = told?.neighbours.length
    ? "Found no grasp that holds and misses the neighbours. Try a smaller opening, thinner fingers or more room beside the part."
    : "Found no grasp that holds. Try a wider opening, more friction, a smaller part or a lower least feasibility.";
  stageBox.setAttribute("aria-label", told ? `${told.grasps.length} grasps of ${told.name}` : "no grasps yet");
}

function tellAnswer() {
  tell(statusText(answer, asked));
}

function tell(text, isError = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("error", isError);
}

function tellSelected(index) {
  byId("selected").textContent = answer?.grasps[index] ? graspText(answer, index) : "";
}

function beginStroke(pixel) {
  clearTimeout(timer);
  server.drop();
  setBusy(false);
  show(null);
  tell("Drawing; its grasps are looked for when the stroke ends.");
  pencil().begin(pixel);
}

function showBar() {
  byId("bar").style.background = `linear-gradient(to right, ${colours().join(", ")})`;
}

function chooseKind() {
  for (const part of document.querySelectorAll("[data-kind]")) {
    part.hidden = part.dataset.kind !== controls.kind;
  }
  const drawsPart = controls.kind === "drawing";
  const drawsBeside = controls.beside === "draw-beside";
  const draws = drawsPart || drawsBeside;
  for (const part of document.querySelectorAll("[data-beside]")) {
    part.hidden = part.dataset.beside !== controls.beside;
  }
  byId("pencil").hidden = !draws;
  byId("layers").hidden = !(drawsPart && drawsBeside);
  for (const hint of document.querySelectorAll("[data-keys]")) {
    hint.hidden = (hint.dataset.keys === "draw") !== draws;
  }
  stageBox.setAttribute("aria-roledescription", draws ? "table to draw on" : "walk through the grasps");
  brush.leave();
  stageBox.classList.toggle("drawing", draws);
  stageBox.classList.toggle("drawing-part", drawsPart);
  byId("canvas").hidden = !drawsPart;
  byId("canvas-beside").hidden = !drawsBeside;
  stage.whole = draws;
  takeLayer();
  showPicture();
  showObjects();
  show(null);
  tell("");
  if (drawsPart) drawing.paint();
  if (drawsBeside) beside.paint();
  ask();
}

function takeLayer() {
  brush.leave();
  brush.drawing = pencil();
}

async function showPicture() {
  if (stage.picture) URL.revokeObjectURL(stage.picture.url);
  stage.picture = null;
  if (controls.kind !== "picture" || !controls.file) return;
  const url = URL.createObjectURL(controls.file);
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
  } catch {
    return URL.revokeObjectURL(url); // a format that the browser cannot show; the server may read it
  }
  const width = Number(byId("width").value);
  stage.picture = { url, width, height: (width * image.naturalHeight) / image.naturalWidth };
  stage.draw();
}

function takeFile(file) {
  if (!file) return;
  controls.file = file;
  controls.index = null;
  byId("file-name").textContent = file.name;
  document.querySelector('input[name="kind"][value="picture"]').checked = true;
  chooseKind();
}

byId("kinds").addEventListener("change", chooseKind);
byId("file").addEventListener("change", () => takeFile(byId("file").files[0]));
byId("width").addEventListener("input", showPicture);
byId("besides").addEventListener("change", chooseKind);
byId("layers").addEventListener("change", takeLayer);
byId("beside-file").addEventListener("change", () => {
  const [file] = byId("beside-file").files;
  if (!file) return;
  controls.besideFile = file;
  byId("beside-name").textContent = file.name;
  ask();
});
byId("tools").addEventListener("change", (event) => {
  for (const each of [drawing, beside]) each.tool = event.target.value;
});
byId("brush-size").addEventListener("input", (event) => {
  for (const each of [drawing, beside]) each.size = Number(event.target.value);
  controls.showNumbers();
});
byId("undo").addEventListener("click", () => pencil().undo());
byId("clear").addEventListener("click", () => pencil().clear());
byId("download").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([answer.csv], { type: "text/csv" }));
  link.download = `${answer.name.replace(/[^\w-]+/g, "_")}_grasps.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});

stageBox.addEventListener("pointerdown", (event) => {
  if (!stageBox.classList.contains("drawing") || event.button !== 0) return;
  stageBox.setPointerCapture(event.pointerId);
  brush.leave();
  beginStroke(pencil().place(event));
});
stageBox.addEventListener("pointermove", (event) => {
  if (!pencil().isBusy || brush.isDown) return;
  const passed = event.getCoalescedEvents?.() ?? [];
  pencil().extend([...passed, event].map((each) => pencil().place(each)));
});
for (const name of ["pointerup", "pointercancel"]) {
  stageBox.addEventListener(name, () => brush.isDown || pencil().end());
}
stageBox.addEventListener("keydown", (event) => {
  if (!stageBox.classList.contains("drawing") || !brush.press(event)) stage.walk(event);
});
stageBox.addEventListener("blur", () => brush.leave());
for (const box of [stageBox, byId("drop")]) {
  box.addEventListener("dragover", (event) => {
    event.preventDefault();
    box.classList.add("over");
  });
  box.addEventListener("dragleave", () => box.classList.remove("over"));
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    box.classList.remove("over");
    takeFile(event.dataTransfer.files[0]);
  });
}
onSchemeChange(() => {
  showBar();
  stage.draw();
  charts.redraw();
  if (controls.kind === "drawing") drawing.paint();
  if (controls.beside === "draw-beside") beside.paint();
});
byId("canvas").hidden = true;
stage.draw();
