"""Stock, and the reservations that sagas make of it."""
