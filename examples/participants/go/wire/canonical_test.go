package wire

import (
	"encoding/json"
	"os"
	"testing"
)

// vectors is the form of services/contracts/vectors.json; VECTORS names another file of that form.
type vectors struct {
	Canonical []struct{ JSON, Canonical string }
	Refused   []struct{ JSON, Why string }

	Fingerprints []struct{ Definition, Step, Command, Input, Fingerprint string }
}

func load(t *testing.T) vectors {
	path := os.Getenv("VECTORS")
	if path == "" {
		path = "../../../../services/contracts/vectors.json"
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var read vectors
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

func TestCanonical(t *testing.T) {
	for _, vector := range load(t).Canonical {
		found, err := Canonical([]byte(vector.JSON))
		if err != nil || string(found) != vector.Canonical {
			t.Errorf("%s: expected %s, found %s (%v)", vector.JSON, vector.Canonical, found, err)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, vector := range load(t).Refused {
		if found, err := Canonical([]byte(vector.JSON)); err == nil {
			t.Errorf("%.80s: must be refused (%s), found %s", vector.JSON, vector.Why, found)
		}
	}
}

func TestFingerprints(t *testing.T) {
	for _, vector := range load(t).Fingerprints {
		found, err := Fingerprint(vector.Definition, vector.Step, vector.Command, []byte(vector.Input))
		if err != nil || found != vector.Fingerprint {
			t.Errorf("%+v: found %s (%v)", vector, found, err)
		}
	}
}
