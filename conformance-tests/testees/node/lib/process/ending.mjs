/** The steps to the end of the worker. Spec: GR-003 to GR-007. */

/** How long what is queued may take to be written, and threads to end. */
export const WRITING_MS = 1000;
const THREADS_MS = 1000;
/** How long a send may wait for credit when none comes back on any channel. Spec: GR-011. */
const CREDIT_MS = 400;

/**
 * @typedef {object} Parts
 * @property {import("../protocol/connection.mjs").Connection} connection
 * @property {import("./executions.mjs").Executions | null} executions
 * @property {import("./stream.mjs").DescriptorStream} stream
 * @property {import("./trace.mjs").Trace} trace
 */

/**
 * End this process, in bounded time.
 *
 * @param {Parts} parts
 * @param {import("../wire/control.mjs").Times} times
 */
export async function endWorker({ connection, executions, stream, trace }, { finishMs, interruptMs }) {
  let status = 0;
  const vain = giveUpInVain(connection);
  if (executions) {
    trace.event(`terminating: ${executions.running} executions run`);
    if (!(await executions.allEnded(finishMs))) {
      trace.event("terminating: interrupting the main thread");
      executions.interruptMain();
      if (!(await executions.allEnded(interruptMs))) {
        trace.event("terminating: giving up on what runs");
        status = 1;
      }
    }
  }
  clearInterval(vain);
  await stream.until(() => connection.sender.ready.size === 0, WRITING_MS);
  connection.fail("NO_ERROR", status ? "this worker has ended, giving up on executions" : "this worker has ended as asked");
  await stream.finish(WRITING_MS);
  const stuck = executions !== null && !(await executions.endThreads(THREADS_MS));
  trace.event(`exiting with status ${status}`);
  leave(status, stuck);
}

/**
 * See to it that nobody waits for credit when nobody takes anything. Spec: GR-011.
 *
 * @param {import("../protocol/connection.mjs").Connection} connection
 */
function giveUpInVain(connection) {
  let before = connection.credited;
  return setInterval(() => {
    if (connection.credited === before) {
      connection.sender.giveUp("this worker was asked to end, and nobody takes what it sends");
    }
    before = connection.credited;
  }, CREDIT_MS);
}

/**
 * Leave the process. `process.exit` waits for all threads, so if one is inside of a system call there is another way;
 * the launcher makes the exit status of it.
 *
 * @param {number} status
 * @param {boolean} stuck
 */
function leave(status, stuck) {
  if (!stuck) {
    process.exit(status);
  }
  const kill = () => process.kill(process.pid, "SIGKILL");
  if (process.send) {
    process.send({ status }, kill);
    setTimeout(kill, WRITING_MS);
  } else {
    kill();
  }
}
