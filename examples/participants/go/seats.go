package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
)

const hall = 10

// command is what this participant can do: its effect, in the transaction of the register.
type command struct {
	undoes bool
	run    func(*sql.Tx, message) (output []byte, err error)
}

var commands = map[string]command{
	"reserve": {run: reserve},
	"release": {undoes: true, run: release},
}

func reserve(tx *sql.Tx, m message) ([]byte, error) {
	var wanted struct {
		Seats int `json:"seats"`
	}
	decoder := json.NewDecoder(bytes.NewReader(m.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&wanted); err != nil || wanted.Seats < 1 {
		return nil, failure{"InvalidInput", fmt.Sprintf("expected {\"seats\": 1 or more}, got %.200q", m.body)}
	}
	if wanted.Seats > hall {
		return nil, failure{"HallTooSmall", fmt.Sprintf("%d seats are wanted, the hall has %d", wanted.Seats, hall)}
	}
	if _, err := tx.Exec("INSERT INTO holds (saga_key, seats) VALUES (?, ?)", m.sagaKey, wanted.Seats); err != nil {
		return nil, err
	}
	return json.Marshal(wanted)
}

func release(tx *sql.Tx, m message) ([]byte, error) {
	_, err := tx.Exec("DELETE FROM holds WHERE saga_key = ?", m.sagaKey)
	return []byte("{}"), err
}

func holds(r *register, sagaKey string) (count int, err error) {
	err = r.db.QueryRow("SELECT count(*) FROM holds WHERE saga_key = ?", sagaKey).Scan(&count)
	return count, err
}
