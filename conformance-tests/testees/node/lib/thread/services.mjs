/** What this worker brings along, loaded when it is asked for. Spec: GW-060 to GW-062. */

import { Refusal } from "./errors.mjs";

/** @typedef {import("./channel.mjs").Channel} Channel */

/** @type {Record<string, (channel: Channel) => Promise<void>>} */
const SERVICES = {
  rsync: async (channel) => (await import("../../rsync/receiver.mjs")).receive(channel),
};

export const SERVICE_NAMES = Object.keys(SERVICES);

/** Run a service. @param {string} name @param {Channel} channel @returns {Promise<void>} settled when it has ended */
export async function serve(name, channel) {
  if (!Object.hasOwn(SERVICES, name)) {
    throw new Refusal(`this worker has no service ${JSON.stringify(name)}`, "refused");
  }
  await SERVICES[name](channel);
}
