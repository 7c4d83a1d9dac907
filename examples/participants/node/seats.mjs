// What this participant is for: it holds seats in a hall of ten, and gives them back. Pure: state in, state out.
import { Refused } from "./register.mjs";

const HALL = 10;

export const commands = {
  reserve: {
    backward: false,
    run(_none, input) {
      const { seats, ...unknown } = input;
      if (!Number.isInteger(seats) || seats < 1 || Object.keys(unknown).length > 0) {
        throw new Refused("InvalidInput", `expected {"seats": 1 or more}, got ${JSON.stringify(input).slice(0, 200)}`);
      }
      if (seats > HALL) throw new Refused("HallTooSmall", `${seats} seats are wanted, the hall has ${HALL}`);
      return { state: { seats }, output: { seats } };
    },
  },
  release: {
    backward: true,
    run: () => ({ state: { seats: 0 }, output: {} }),
  },
};
