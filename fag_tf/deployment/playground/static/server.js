// The conversation with the server: questions one at a time, and what to do while it is away.

const EVERY = 2000; // ms between looks at a server that is away, or idle

export class Server {
  constructor({ onModel, onGone, onBack }) {
    this.onModel = onModel;
    this.onGone = onGone;
    this.onBack = onBack;
    this.gone = false;
    this.known = "";
    this.asking = null;
    this.unanswered = null;
    this.look();
  }

  // An answer, or {error}; null if a newer question has taken this one's place or nobody answers.
  async ask(question) {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    this.unanswered = question;
    try {
      const response = await fetch("/api/grasps", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(question),
        signal: asking.signal,
      });
      const answer = await response.json();
      if (this.asking !== asking) return null;
      this.unanswered = null;
      return response.ok ? answer : { error: answer.error ?? `the server says ${response.status}` };
    } catch (error) {
      if (error.name === "AbortError" || this.asking !== asking) return null;
      this.leave();
      return null;
    } finally {
      if (this.asking === asking) this.asking = null;
    }
  }

  // A question that is no longer meant.
  drop() {
    this.asking?.abort();
    this.asking = null;
    this.unanswered = null;
  }

  leave() {
    if (!this.gone) this.onGone();
    this.gone = true;
  }

  async look() {
    if (this.gone || !document.hidden) {
      try {
        const response = await fetch("/api/model", { signal: AbortSignal.timeout(EVERY * 5) });
        const model = await response.json();
        const text = JSON.stringify(model);
        if (text !== this.known) this.onModel(model);
        this.known = text;
        if (this.gone) {
          this.gone = false;
          this.onBack(this.unanswered !== null);
        }
      } catch {
        if (!this.asking) this.leave();
      }
    }
    setTimeout(() => this.look(), EVERY);
  }
}
