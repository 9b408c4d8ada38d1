"use strict";
// Timelines on canvases. All data of a person are bytes, one a column of equal time: a label, or a share
// as 0 to 254; 255 is "nothing".

const NOTHING = 255, FULL = 254;
const BAND = 26, LANE = 22, THIN = 14, AXIS = 20, GAP = 4;

function bytes(text) {
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
}

// Return a time as m:ss or h:mm:ss, with as many decimals as asked for.
function clock(seconds, decimals = 1) {
  const unit = 10 ** decimals, units = Math.round(seconds * unit);
  const whole = Math.floor(units / unit), hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  const padded = (number, width) => String(number).padStart(width, "0");
  const rest = decimals ? "." + padded(units % unit, decimals) : "";
  return (hours ? `${hours}:${padded(minutes, 2)}` : minutes) + ":" + padded(whole % 60, 2) + rest;
}

// What the theme says, read anew for each drawing: it may change while the page is open, and in print.
function theme(isPrinted) {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(name).trim();
  return {
    text: read("--text"), soft: read("--soft"), line: read("--line"), ground: read("--ground"),
    isDark: !isPrinted && matchMedia("(prefers-color-scheme: dark)").matches,
  };
}

function mixed(color, other, share) {
  const part = (text, place) => parseInt(text.slice(1 + 2 * place, 3 + 2 * place), 16);
  const mix = [0, 1, 2].map((place) => Math.round(part(color, place) * (1 - share) + part(other, place) * share));
  return `rgb(${mix.join(",")})`;
}

// Return the context of a canvas that has been given a size in CSS pixels, cleared.
function prepared(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.round(height * scale);
  canvas.style.height = height + "px";
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.textBaseline = "middle";
  context.font = "12px system-ui, sans-serif";
  return context;
}

function drawHatching(context, x, y, width, height, color) {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.strokeStyle = color;
  context.lineWidth = 1;
  context.beginPath();
  for (let place = Math.floor((x - height) / 6) * 6; place < x + width; place += 6) {
    context.moveTo(place, y + height);
    context.lineTo(place + height, y);
  }
  context.stroke();
  context.restore();
}

// Return the runs [start, end) of equal labels.
function runs(labels) {
  const found = [];
  for (let start = 0, end; start < labels.length; start = end) {
    for (end = start + 1; end < labels.length && labels[end] === labels[start]; end++);
    found.push({start, end, label: labels[start]});
  }
  return found;
}

// Draw labels as a band: runs of one color, with names where they fit; hatched where nobody is.
function drawBand(context, labels, box, expressions, colors) {
  const step = box.width / labels.length;
  for (const {start, end, label} of runs(labels)) {
    const x = box.x + start * step, width = (end - start) * step;
    const expression = expressions[label];
    if (!expression) {
      drawHatching(context, x, box.y, width, box.height, colors.line);
      continue;
    }
    context.fillStyle = expression.color;
    context.fillRect(x, box.y, width, box.height);
    const name = [expression.name, expression.name.slice(0, 2)].find(
      (text) => context.measureText(text).width + 8 < width);
    if (name) {
      context.fillStyle = expression.ink;
      context.fillText(name, x + 4, box.y + box.height / 2 + 1);
    }
  }
  context.strokeStyle = colors.soft;
  context.lineWidth = 1;
  context.strokeRect(box.x + 0.5, box.y + 0.5, box.width - 1, box.height - 1);
}

// Draw from the least to the most of each column; what is below the least is solid.
function drawEnvelope(context, low, high, box, color, edge) {
  const bottom = box.y + box.height;
  const x = (place) => Math.floor(box.x + (place * box.width) / high.length); // else seams show
  const level = (value) => bottom - (value / FULL) * box.height;
  for (const [values, alpha] of [[high, 0.55], [low, 1]]) {
    context.globalAlpha = alpha;
    context.fillStyle = color;
    for (let place = 0; place < values.length; place++) {
      if (values[place] === NOTHING || values[place] === 0) continue;
      const top = level(values[place]);
      context.fillRect(x(place), top, x(place + 1) - x(place), bottom - top);
    }
  }
  context.globalAlpha = 1;
  context.strokeStyle = edge;
  context.lineWidth = 1;
  context.beginPath();
  let isDown = false;
  for (let place = 0; place < high.length; place++) {
    const isKnown = high[place] !== NOTHING;
    const y = level(high[place]);
    if (isKnown && isDown) context.lineTo(x(place), y);
    else if (isKnown) context.moveTo(x(place), y);
    if (isKnown) context.lineTo(x(place + 1), y);
    isDown = isKnown;
  }
  context.stroke();
}

// Return round times that stand about 90 pixels apart, and the decimals that they need.
function ticks(begin, end, width) {
  const wanted = (end - begin) / Math.max(2, width / 90);
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
  const step = steps.find((one) => one >= wanted) || Math.ceil(wanted / 14400) * 14400;
  const found = [];
  for (let place = Math.ceil(begin / step - 1e-9); place * step <= end + 1e-9; place++) found.push(place * step);
  return {times: found, decimals: step < 1 ? 1 : 0};
}

// One person of a video; `seen` and the others are bytes of `columns` columns.
class Timeline {
  constructor(video, person, expressions) {
    this.video = video;
    this.person = person;
    this.expressions = expressions;
    this.line = video.timeline;
    this.columns = this.line.columns;
    this.labels = bytes(person.labels);
    this.seen = bytes(person.seen);
    this.quality = person.quality ? bytes(person.quality) : null;
    this.low = person.low ? bytes(person.low) : null;
    this.high = person.high ? bytes(person.high) : null;
    this.cursor = -1;
    this.canvas = document.createElement("canvas");
    this.readout = document.createElement("p");
    this.readout.className = "readout";
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "slider");
    this.canvas.setAttribute("aria-label", `Timeline of person ${person.number} in ${video.name}`);
    this.canvas.setAttribute("aria-valuemin", this.line.begin);
    this.canvas.setAttribute("aria-valuemax", this.line.end);
    this.say();
    this.canvas.addEventListener("keydown", (event) => this.onKey(event));
    this.canvas.addEventListener("pointermove", (event) => this.onPointer(event));
    this.canvas.addEventListener("pointerdown", (event) => this.onPointer(event));
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  values(all, label) {
    return all.subarray(label * this.columns, (label + 1) * this.columns);
  }

  // Gutter at the left, and the lanes from top to bottom.
  lanes(width) {
    const left = width < 520 ? 66 : 84;
    let y = AXIS;
    const lane = (height) => {
      const box = {x: left, y, width: width - left - 1, height};
      y += height + GAP;
      return box;
    };
    const found = {band: lane(BAND), probabilities: [], seen: null, quality: null};
    if (this.high) found.probabilities = this.expressions.map(() => lane(LANE));
    found.seen = lane(THIN);
    if (this.quality) found.quality = lane(THIN);
    found.axis = y;
    found.height = y + AXIS;
    return found;
  }

  draw(isPrinted = false) {
    const width = this.canvas.clientWidth;
    if (!width) return;
    const lanes = this.lanes(width), colors = theme(isPrinted);
    const context = prepared(this.canvas, width, lanes.height);
    const name = (text, box) => {
      context.fillStyle = colors.text;
      context.fillText(text, 0, box.y + box.height / 2 + 1);
    };
    this.drawShots(context, lanes, colors);
    name("expression", lanes.band);
    drawBand(context, this.labels, lanes.band, this.expressions, colors);
    lanes.probabilities.forEach((box, label) => {
      const {name: word, color} = this.expressions[label];
      name(word, box);
      const high = this.values(this.high, label);
      context.fillStyle = colors.line;
      context.fillRect(box.x, box.y + box.height, box.width, 1);
      const edge = mixed(color, colors.isDark ? "#ffffff" : "#000000", 0.35);
      drawEnvelope(context, this.values(this.low, label), high, box, color, edge);
      if (this.video.shares.length && this.video.shares[label] === null) {
        context.fillStyle = colors.soft;
        context.fillText("never trained", box.x + 4, box.y + box.height / 2);
      }
    });
    for (const [word, values, box] of [["coverage", this.seen, lanes.seen], ["quality", this.quality, lanes.quality]]) {
      if (!box) continue;
      name(word, box);
      drawHatching(context, box.x, box.y, box.width, box.height, colors.line);
      drawEnvelope(context, values, values, box, colors.isDark ? "#8a97a8" : "#77859a", colors.soft);
    }
    this.drawAxis(context, lanes, colors);
    this.drawCursor(context, lanes, colors);
  }

  x(seconds, box) {
    return box.x + ((seconds - this.line.begin) / (this.line.end - this.line.begin)) * box.width;
  }

  drawShots(context, lanes, colors) {
    context.strokeStyle = colors.soft;
    context.fillStyle = colors.soft;
    const {shots} = this.line;
    const isDense = shots.length > lanes.band.width / 12; // lines would hide what is drawn
    let free = 0;
    context.save();
    context.setLineDash([3, 3]);
    for (const [start, shot] of shots.length > 1 ? shots : []) {
      const x = this.x(start, lanes.band), text = `shot ${shot}`;
      if (start > this.line.begin) {
        context.beginPath();
        context.moveTo(x, 4);
        context.lineTo(x, isDense ? AXIS - 2 : lanes.axis);
        context.stroke();
      }
      if (x >= free) {
        context.fillText(text, x + 3, AXIS / 2);
        free = x + context.measureText(text).width + 8;
      }
    }
    context.restore();
  }

  drawAxis(context, lanes, colors) {
    context.fillStyle = colors.text;
    const {times, decimals} = ticks(this.line.begin, this.line.end, lanes.band.width);
    for (const tick of times) {
      const x = this.x(tick, lanes.band), text = clock(tick, decimals);
      context.fillRect(x, lanes.axis - GAP, 1, 5);
      const half = context.measureText(text).width / 2;
      if (x + half < lanes.band.x + lanes.band.width) context.fillText(text, Math.max(x - half, lanes.band.x), lanes.axis + 10);
    }
  }

  drawCursor(context, lanes, colors) {
    if (this.cursor < 0) return;
    const x = lanes.band.x + ((this.cursor + 0.5) / this.columns) * lanes.band.width;
    context.fillStyle = colors.text;
    context.fillRect(x, AXIS - 2, 1.5, lanes.axis - AXIS);
  }

  // Say in words what is at the cursor.
  say() {
    const place = this.cursor, {begin, end} = this.line;
    if (place < 0) {
      this.readout.textContent = "Point at it, or use the arrow keys on it, to read values.";
      this.canvas.setAttribute("aria-valuenow", begin);
      this.canvas.setAttribute("aria-valuetext", "start");
      return;
    }
    const seconds = begin + ((place + 0.5) / this.columns) * (end - begin);
    const label = this.labels[place], parts = [];
    if (this.high && label !== NOTHING) {
      this.expressions.forEach((one, number) => {
        const high = this.values(this.high, number)[place], low = this.values(this.low, number)[place];
        if (high === NOTHING || high < FULL / 20) return;
        const share = (value) => (value / FULL).toFixed(2);
        parts.push(`${one.name} ${share(low) === share(high) ? share(high) : share(low) + " to " + share(high)}`);
      });
    }
    const what = label === NOTHING ? "no face" : this.expressions[label].name;
    const text = `${clock(seconds)}: ${what}${parts.length ? " (" + parts.join(", ") + ")" : ""}` +
      `, face in ${Math.round((this.seen[place] / FULL) * 100)} %`;
    this.readout.textContent = text;
    this.canvas.setAttribute("aria-valuenow", seconds.toFixed(2));
    this.canvas.setAttribute("aria-valuetext", text);
  }

  move(place) {
    this.cursor = Math.min(this.columns - 1, Math.max(0, place));
    this.say();
    this.draw();
  }

  onKey(event) {
    const far = event.shiftKey ? 10 : 1;
    const places = {
      ArrowLeft: this.cursor - far, ArrowRight: this.cursor + far, Home: 0, End: this.columns - 1,
      PageUp: this.cursor - 30, PageDown: this.cursor + 30,
    };
    if (!(event.key in places)) return;
    event.preventDefault();
    this.move(places[event.key]);
  }

  onPointer(event) {
    const {band} = this.lanes(this.canvas.clientWidth);
    const share = (event.offsetX - band.x) / band.width;
    if (share >= 0 && share < 1) this.move(Math.floor(share * this.columns));
  }
}
