"""``kubectl saga``: sagas for people. Looks at them, tells what a cancel would do, starts and cancels them."""
