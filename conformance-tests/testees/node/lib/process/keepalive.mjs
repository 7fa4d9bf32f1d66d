/** Asks when nothing comes, and gives up when nothing comes then. Spec: FR-024, FR-025, HS-024. */

/**
 * @typedef {object} Actions
 * @property {() => void} ask     sends PING
 * @property {(silenceMs: number) => void} giveUp
 */

export class Keepalive {
  /** @param {number} intervalMs @param {Actions} actions */
  constructor(intervalMs, actions) {
    this.intervalMs = intervalMs;
    this.actions = actions;
    this.heardAt = performance.now();
    /** When we asked, or null if something has come since. @type {number | null} */
    this.askedAt = null;
    this.looked = this.heardAt;
    this.timer = setInterval(() => this.look(performance.now()), Math.max(1, intervalMs / 4));
  }

  /** Bytes have arrived: each is a sign of life. */
  heard() {
    this.heardAt = performance.now();
    this.askedAt = null;
  }

  stop() {
    clearInterval(this.timer);
  }

  /** @param {number} now  milliseconds */
  look(now) {
    const slept = now - this.looked > this.intervalMs / 2;
    this.looked = now;
    if (this.askedAt === null ? now - this.heardAt >= this.intervalMs : slept) {
      this.askedAt = now; // also if we did not run ourselves: what has come may not have been read
      this.actions.ask();
    } else if (this.askedAt !== null && now - this.askedAt >= this.intervalMs) {
      this.stop();
      this.actions.giveUp(now - this.heardAt);
    }
  }
}
