// The chat without page loads. Everything works without this file: each form posts to the server, which
// answers with the same HTML that is put in place here.

const turns = document.getElementById("turns");
const player = document.getElementById("player");
const command = document.getElementById("command");
const REFRESH_MS = 5000;
const REDRAW_AFTER_ANSWER_MS = 700;

function fragmentOf(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  return [...parsed.body.childNodes];
}

async function ask(url, options = {}) {
  const response = await fetch(url, {
    ...options,
    headers: { Accept: "text/html", "X-Fragment": "1" },
    credentials: "same-origin",
  });
  if (response.status === 401) {
    location.assign("/");
    throw new Error("signed out");
  }
  return response;
}

function waitingTurn(text) {
  const turn = document.createElement("article");
  turn.className = "turn waiting";
  const said = document.createElement("p");
  said.className = "said";
  said.textContent = text;
  const reply = document.createElement("div");
  reply.className = "reply";
  const line = document.createElement("p");
  line.className = "text";
  line.textContent = "Asking…";
  reply.append(line);
  turn.append(said, reply);
  const startedMs = performance.now();
  const timer = setInterval(() => {
    const seconds = Math.floor((performance.now() - startedMs) / 1000);
    if (seconds >= 2) line.textContent = `Asking… ${seconds} s`;
  }, 500);
  return { turn, say: (message) => { clearInterval(timer); line.textContent = message; }, stop: () => clearInterval(timer) };
}

function toNewest() {
  turns.scrollTop = turns.scrollHeight;
}

function busy(value) {
  for (const button of document.querySelectorAll(".chat button")) button.disabled = value;
}

async function post(url, fields, shown) {
  document.getElementById("empty")?.remove();
  for (const old of turns.querySelectorAll(".choices")) old.remove();
  const waiting = waitingTurn(shown);
  turns.append(waiting.turn);
  toNewest();
  busy(true);
  try {
    const response = await ask(url, { method: "POST", body: new URLSearchParams(fields) });
    const html = await response.text();
    waiting.stop();
    waiting.turn.replaceWith(...fragmentOf(html));
  } catch (error) {
    waiting.say("DJ Forge did not answer. Nothing is known of what was done; try again.");
  } finally {
    busy(false);
  }
  toNewest();
  redrawPlayer();
  setTimeout(redrawPlayer, REDRAW_AFTER_ANSWER_MS);
}

async function redrawPlayer() {
  if (player.contains(document.activeElement) && document.activeElement.matches("button")) return;
  await drawPlayer("/player");
}

async function drawPlayer(url, options) {
  const focused = player.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  try {
    const response = await ask(url, options);
    if (!response.ok) return;
    player.replaceChildren(...fragmentOf(await response.text()));
  } catch (error) {
    return;
  }
  const same = [...player.querySelectorAll("button")].find((button) => button.getAttribute("aria-label") === focused);
  (same ?? (focused ? player.querySelector(".ib.main") : null))?.focus();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (form.id === "ask") {
    event.preventDefault();
    const text = command.value.trim();
    if (!text) return;
    command.value = "";
    post("/chat", { command: text }, text);
  } else if (form.classList.contains("suggest")) {
    event.preventDefault();
    post("/chat", { command: button.value }, button.value);
  } else if (form.classList.contains("answer")) {
    event.preventDefault();
    post("/chat/confirm", { answer: button.value }, button.value);
  } else if (form.classList.contains("controls")) {
    event.preventDefault();
    drawPlayer("/player", { method: "POST", body: new URLSearchParams({ action: button.value }) });
  }
});

const modelChoice = document.getElementById("model-choice");
if (modelChoice) {
  modelChoice.querySelector("button").hidden = true;
  modelChoice.addEventListener("change", () => modelChoice.requestSubmit());
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, textarea, button, a");
  if (event.key === "/" && !typing) {
    event.preventDefault();
    command.focus();
  }
});

setInterval(() => {
  if (!document.hidden) redrawPlayer();
}, REFRESH_MS);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) redrawPlayer();
});
toNewest();
