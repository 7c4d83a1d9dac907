// The register of one saga, by R1 to R6 of docs/participants.md. Pure: it tells what to answer and what to write first.

/** A command cannot be done, and no retry will mend that. */
export class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const reply = (type, body, final = false) => ({ type, body, final });
const failed = (code, message, final) => reply("Failed", { code, message }, final);

/**
 * What the message meets in the document {state, register}: {reply}, or {reply, entries, state} of which entries and
 * state must be durable before anybody sees the reply.
 */
export function meet(document, message, commands, now = Date.now()) {
  const { register, state } = document;
  const found = register[message.id];
  if (found) return { reply: answerOf(found, message) };
  const entry = (outcome, body) => ({ [message.id]: { outcome, fingerprint: message.fingerprint, body } });
  if (message.cancel) {
    return { reply: reply("Cancelled", message.input), entries: entry("dead", message.input) };
  }
  const action = message.backward ? register[message.actionId] : undefined;
  if (message.backward && action?.outcome !== "executed") {
    const tombstone = action ? {} : { [message.actionId]: { outcome: "dead", fingerprint: null, body: {} } };
    return { reply: reply("Succeeded", {}), entries: { ...tombstone, ...entry("executed", {}) } };
  }
  if (message.deadline < now) return { reply: failed("DeadlineExceeded", "the saga's deadline has passed") };
  const command = commands[message.command];
  if (command?.backward !== message.backward) {
    return { reply: failed("UnknownCommand", `there is no ${message.command} in this direction`) };
  }
  try {
    const done = command.run(state, message.input);
    const undone = message.backward ? { [message.actionId]: { ...action, outcome: "undone" } } : {};
    const entries = { ...undone, ...entry("executed", done.output) };
    return { reply: reply("Succeeded", done.output), entries, state: done.state };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const answer = failed(error.code, error.message, !message.backward && message.onFailure === "compensate");
    return answer.final ? { reply: answer, entries: entry("failed", answer.body) } : { reply: answer };
  }
}

function answerOf({ outcome, fingerprint, body }, message) {
  if (fingerprint !== null && fingerprint !== message.fingerprint) {
    return failed("KeyReused", "this command id already stands for other content");
  }
  switch (outcome) {
    case "executed":
      return reply("Succeeded", body);
    case "failed":
      return reply("Failed", body, true);
    case "undone":
      return reply("Cancelled", {});
    default:
      return reply("Cancelled", body);
  }
}
