package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	_ "modernc.org/sqlite"
)

const schema = `
CREATE TABLE IF NOT EXISTS register (
	command_id  TEXT PRIMARY KEY,
	fingerprint TEXT,              -- NULL on a tombstone that a compensation left: it matches any (R4)
	outcome     TEXT NOT NULL CHECK (outcome IN ('executed', 'undone', 'dead')),
	body        TEXT NOT NULL      -- executed: the output; dead: the cancel's body
) STRICT;
CREATE TABLE IF NOT EXISTS holds (saga_key TEXT PRIMARY KEY, seats INTEGER NOT NULL) STRICT;`

const (
	succeeded = "Succeeded"
	failed    = "Failed"
	cancelled = "Cancelled"
)

// answer is what a reply says.
type answer struct {
	kind string
	body []byte
}

// failure is why a command had no effect. It is answered, never registered.
type failure struct{ code, text string }

func (f failure) Error() string { return f.code + ": " + f.text }

func (f failure) answer() answer {
	body, _ := json.Marshal(map[string]string{"code": f.code, "message": f.text})
	return answer{failed, body}
}

type register struct{ db *sql.DB }

// open makes the tables if need be. Transactions take the write lock at once, so that nothing changes between
// looking into the register and writing it; other workers wait for it.
func open(file string) (*register, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)")
	if err == nil {
		_, err = db.Exec(schema)
	}
	return &register{db}, err
}

// answer has the message's effect, if it is to have one, and writes what became of it in the same transaction (R1).
func (r *register) answer(m message) (answer, error) {
	tx, err := r.db.Begin()
	if err != nil {
		return answer{}, err
	}
	defer tx.Rollback() // does nothing after Commit
	given, err := meet(tx, m)
	var refused failure
	if errors.As(err, &refused) {
		return refused.answer(), nil // rolled back: a failure leaves no effect (R3)
	}
	if err != nil {
		return answer{}, err
	}
	return given, tx.Commit()
}

// meet is R2 to R6: what the message finds, and what it leaves.
func meet(tx *sql.Tx, m message) (answer, error) {
	outcome, fingerprint, body, err := find(tx, m.id)
	switch {
	case err != nil:
		return answer{}, err
	case outcome != "" && fingerprint.Valid && fingerprint.String != m.fingerprint:
		return answer{}, failure{"KeyReused", "this command id already stands for other content"} // R6
	case outcome == "executed":
		return answer{succeeded, body}, nil // R2
	case outcome == "undone":
		return answer{cancelled, []byte("{}")}, nil // R2
	case outcome == "dead":
		return answer{cancelled, body}, nil // R2
	case m.cancel:
		return answer{cancelled, object(m.body)}, write(tx, m.id, m.fingerprint, "dead", object(m.body)) // R2
	}
	if m.backward {
		if nothing, err := nothingToUndo(tx, m); nothing || err != nil {
			return answer{succeeded, []byte("{}")}, err // R4
		}
	} else if !m.deadline.IsZero() && m.deadline.Before(time.Now()) {
		return answer{}, failure{"DeadlineExceeded", "the deadline " + m.deadline.String() + " has passed"} // R3
	}
	return execute(tx, m)
}

// nothingToUndo tells whether the action of this compensation is not in force, and sees to it that it never will be.
func nothingToUndo(tx *sql.Tx, m message) (bool, error) {
	outcome, _, _, err := find(tx, m.actionID)
	if err != nil || outcome == "executed" {
		return false, err
	}
	if outcome == "" {
		if err := write(tx, m.actionID, nil, "dead", []byte("{}")); err != nil {
			return false, err
		}
	}
	return true, write(tx, m.id, m.fingerprint, "executed", []byte("{}"))
}

// execute has the effect, and registers it.
func execute(tx *sql.Tx, m message) (answer, error) {
	command, known := commands[m.command]
	if !known || command.undoes != m.backward {
		return answer{}, failure{"UnknownCommand", fmt.Sprintf("there is no %q in this direction", m.command)}
	}
	output, err := command.run(tx, m)
	if err != nil {
		return answer{}, err
	}
	if m.backward {
		if _, err := tx.Exec("UPDATE register SET outcome = 'undone' WHERE command_id = ?", m.actionID); err != nil {
			return answer{}, err
		}
	}
	return answer{succeeded, output}, write(tx, m.id, m.fingerprint, "executed", output)
}

func find(tx *sql.Tx, id string) (outcome string, fingerprint sql.NullString, body []byte, err error) {
	row := tx.QueryRow("SELECT outcome, fingerprint, body FROM register WHERE command_id = ?", id)
	if err = row.Scan(&outcome, &fingerprint, &body); errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return outcome, fingerprint, body, err
}

func write(tx *sql.Tx, id string, fingerprint any, outcome string, body []byte) error {
	_, err := tx.Exec("INSERT INTO register (command_id, fingerprint, outcome, body) VALUES (?, ?, ?, ?)",
		id, fingerprint, outcome, string(body))
	return err
}

// object is the body of a cancel, or an empty one where it is no JSON object: a cancel is always answered.
func object(body []byte) []byte {
	var decision map[string]any
	if json.Unmarshal(body, &decision) != nil || decision == nil {
		return []byte("{}")
	}
	return body
}
