package webauthn

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of client data.
const (
	maxClientData = 1536 // bytes; what browsers make today is below 300
	maxNesting    = 4    // objects and arrays inside each other
)

// clientData is what an assertion's client data says (section 5.8.1). Absent
// keys are nil. Unknown keys are checked for form and otherwise passed over, as
// section 5.8.1.2 demands.
type clientData struct {
	kind, challenge, origin *string
	crossOrigin             *bool
	topOrigin               bool // there is one, whatever it says
}

// parseClientData reads client data: one JSON object in valid UTF-8, without a
// byte order mark, no key twice in any object, and the known keys in their own
// letters with values of their types.
func parseClientData(b []byte) (clientData, error) {
	var c clientData
	if len(b) > maxClientData {
		return c, fmt.Errorf("client data of %d bytes: at most %d", len(b), maxClientData)
	}
	if !utf8.Valid(b) || !json.Valid(b) {
		return c, errors.New("client data that is not JSON in UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return c, errors.New("client data that is not an object")
	}
	err := members(d, 1, func(key string, value json.Token) error {
		var ok bool
		switch key {
		case "type":
			c.kind, ok = exactly[string](value)
		case "challenge":
			c.challenge, ok = exactly[string](value)
		case "origin":
			c.origin, ok = exactly[string](value)
		case "crossOrigin":
			c.crossOrigin, ok = exactly[bool](value)
		case "topOrigin":
			c.topOrigin, ok = true, true
		default:
			ok = !likeKnown(key)
		}
		if !ok {
			return errors.New("client data with a known key of another type or in other letters")
		}
		return nil
	})
	return c, err
}

// likeKnown reports whether a reader that does not mind the case of letters, as
// encoding/json does not, would take key for a known one.
func likeKnown(key string) bool {
	return slices.ContainsFunc([]string{"type", "challenge", "origin", "crossOrigin", "topOrigin"}, func(known string) bool { return strings.EqualFold(key, known) })
}

func exactly[T any](value json.Token) (*T, bool) {
	v, ok := value.(T)
	return &v, ok
}

// members reads an object after its opening brace, to its closing one. known is
// told of the outermost object's keys and their values, of a value that is an
// object or array its first token.
func members(d *json.Decoder, depth int, known func(string, json.Token) error) error {
	seen := make(map[string]bool)
	for d.More() {
		key, value, err := member(d)
		if err != nil {
			return err
		}
		if seen[key] {
			return errors.New("client data with the same key twice")
		}
		seen[key] = true
		if known != nil {
			if err := known(key, value); err != nil {
				return err
			}
		}
		if err := inside(d, value, depth); err != nil {
			return err
		}
	}
	return closing(d)
}

func member(d *json.Decoder) (string, json.Token, error) {
	key, err := d.Token()
	if err != nil {
		return "", nil, errTokens
	}
	value, err := d.Token()
	if err != nil {
		return "", nil, errTokens
	}
	name, ok := key.(string)
	if !ok {
		return "", nil, errTokens
	}
	return name, value, nil
}

// inside reads the rest of a value whose first token was read.
func inside(d *json.Decoder, value json.Token, depth int) error {
	if _, ok := value.(json.Delim); ok && depth == maxNesting {
		return fmt.Errorf("client data nested deeper than %d", maxNesting)
	}
	switch value {
	case json.Delim('{'):
		return members(d, depth+1, nil)
	case json.Delim('['):
		for d.More() {
			element, err := d.Token()
			if err != nil {
				return errTokens
			}
			if err := inside(d, element, depth+1); err != nil {
				return err
			}
		}
		return closing(d)
	}
	return nil
}

func closing(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return errTokens
	}
	return nil
}

// errTokens is for what json.Valid took and the decoder does not: a number out
// of range.
var errTokens = errors.New("client data with a value that cannot be read")

// encodeChallenge is base64url without padding (RFC 4648 section 5).
func encodeChallenge(challenge [32]byte) string {
	return base64.RawURLEncoding.EncodeToString(challenge[:])
}

// canonicalClientData is the serialisation of section 5.8.1.1 without further
// members, which most browsers produce. It is not ok for an origin that JSON
// would escape: no origin of the web has such characters.
func canonicalClientData(challenge [32]byte, origin string) (b []byte, ok bool) {
	for _, c := range []byte(origin) {
		if c < 0x20 || c == '"' || c == '\\' || c > 0x7e {
			return nil, false
		}
	}
	return []byte(`{"type":"webauthn.get","challenge":"` + encodeChallenge(challenge) + `","origin":"` + origin + `","crossOrigin":false}`), true
}
