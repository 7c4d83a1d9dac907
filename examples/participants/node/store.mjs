// One document per saga: {_id: saga key, rev, state, register}. Every write is compare-and-swap on rev.
import { meet } from "./register.mjs";

const DUPLICATE_KEY = 11000;

/** What the register says to the message, once its effect, if it has one, is durable. */
export async function answer(holds, message, commands) {
  for (;;) {
    const stored = await holds.findOne({ _id: message.sagaKey });
    const document = stored ? decoded(stored) : { rev: 0, state: null, register: {} };
    const { reply, entries, state } = meet(document, message, commands);
    if (!entries) return reply;
    if (await swap(holds, message.sagaKey, document.rev, entries, state)) return reply;
  }
}

/** How many holds are in force for a saga. */
export const count = (holds, sagaKey) => holds.countDocuments({ _id: sagaKey, "state.seats": { $gt: 0 } });

async function swap(holds, sagaKey, rev, entries, state) {
  const register = Object.entries(entries).map(([id, entry]) => [id, { ...entry, body: JSON.stringify(entry.body) }]);
  if (rev === 0) {
    return insert(holds, { _id: sagaKey, rev: 1, state: state ?? null, register: Object.fromEntries(register) });
  }
  const changes = Object.fromEntries(register.map(([id, entry]) => [`register.${id}`, entry]));
  if (state) changes.state = state;
  const done = await holds.updateOne({ _id: sagaKey, rev }, { $set: changes, $inc: { rev: 1 } });
  return done.matchedCount === 1;
}

async function insert(holds, document) {
  try {
    await holds.insertOne(document);
    return true;
  } catch (error) {
    if (error.code === DUPLICATE_KEY) return false;
    throw error;
  }
}

// bodies are kept as text: a name that JSON allows need not be one that the store allows
function decoded({ rev, state, register }) {
  const entries = Object.entries(register).map(([id, entry]) => [id, { ...entry, body: JSON.parse(entry.body) }]);
  return { rev, state, register: Object.fromEntries(entries) };
}
