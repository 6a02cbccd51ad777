package coordinator

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkText accepts what shows as it is, of a length in bytes: no control or
// format characters, no space but the plain one and none at the ends. It is the
// rule of shared/batch, applied where a person can still correct the text.
func checkText(what, s string, least, most int) error {
	if len(s) < least {
		return fmt.Errorf("%s is empty", what)
	}
	if len(s) > most {
		return fmt.Errorf("%s has %d bytes: at most %d", what, len(s), most)
	}
	if !utf8.ValidString(s) {
		return errors.New(what + " is not UTF-8")
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("%s contains the character %U, which does not print", what, r)
		}
	}
	if strings.TrimSpace(s) != s {
		return fmt.Errorf("%s begins or ends with a space", what)
	}
	return nil
}
