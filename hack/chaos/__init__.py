"""Random faults under load, and afterwards the participants' own books: nothing lost, nothing twice, nothing stuck."""
