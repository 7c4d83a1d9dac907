// Package wire has what a participant does not need but an author may want: canonical JSON and the fingerprint of a
// command, byte for byte as the operator computes them.
package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

const (
	largestInteger = 1<<53 - 1
	deepest        = 64
)

// Fingerprint is what a command id must always mean: hex SHA-256 of definition, step, command and input.
func Fingerprint(definition, step, command string, input []byte) (string, error) {
	names, err := json.Marshal([]string{definition, step, command})
	if err != nil {
		return "", err
	}
	whole := append(bytes.TrimSuffix(names, []byte("]")), ',')
	text, err := Canonical(append(append(whole, input...), ']'))
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

// Canonical is RFC 8785 of a JSON text, without the nulls in its objects. What JSON stores may change is an error:
// integers beyond 2^53, nulls in lists, nesting deeper than 64.
func Canonical(text []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	var out bytes.Buffer
	err := write(&out, value, 0)
	return out.Bytes(), err
}

func write(out *bytes.Buffer, value any, depth int) error {
	if depth > deepest {
		return fmt.Errorf("nested deeper than %d levels", deepest)
	}
	switch value := value.(type) {
	case nil:
		out.WriteString("null")
	case bool:
		out.WriteString(strconv.FormatBool(value))
	case string:
		writeText(out, value)
	case json.Number:
		return writeNumber(out, value)
	case []any:
		return writeList(out, value, depth)
	case map[string]any:
		return writeObject(out, value, depth)
	}
	return nil
}

func writeList(out *bytes.Buffer, list []any, depth int) error {
	out.WriteByte('[')
	for index, item := range list {
		if item == nil {
			return errors.New("a list must not hold null")
		}
		if index > 0 {
			out.WriteByte(',')
		}
		if err := write(out, item, depth+1); err != nil {
			return err
		}
	}
	out.WriteByte(']')
	return nil
}

func writeObject(out *bytes.Buffer, object map[string]any, depth int) error {
	keys := make([]string, 0, len(object))
	for key, item := range object {
		if item != nil {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b string) int {
		return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
	})
	out.WriteByte('{')
	for index, key := range keys {
		if index > 0 {
			out.WriteByte(',')
		}
		writeText(out, key)
		out.WriteByte(':')
		if err := write(out, object[key], depth+1); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}

func writeNumber(out *bytes.Buffer, number json.Number) error {
	value, err := number.Float64()
	if err != nil {
		return err
	}
	whole := value == math.Trunc(value)
	switch {
	case whole && math.Abs(value) > largestInteger:
		return fmt.Errorf("%s is whole and beyond 2^53", number)
	case whole:
		out.WriteString(strconv.FormatInt(int64(value), 10))
	case math.Abs(value) < 1e-6:
		// Go writes 1e-07, ECMAScript 1e-7
		out.WriteString(strings.Replace(strconv.FormatFloat(value, 'e', -1, 64), "e-0", "e-", 1))
	default:
		out.WriteString(strconv.FormatFloat(value, 'f', -1, 64))
	}
	return nil
}

var short = map[rune]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\t': `\t`, '\n': `\n`, '\f': `\f`, '\r': `\r`}

func writeText(out *bytes.Buffer, text string) {
	out.WriteByte('"')
	for _, character := range text {
		switch escaped, special := short[character]; {
		case special:
			out.WriteString(escaped)
		case character < ' ':
			fmt.Fprintf(out, `\u%04x`, character)
		default:
			out.WriteRune(character)
		}
	}
	out.WriteByte('"')
}
