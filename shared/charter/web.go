package charter

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// MaxOrigins is how many origins a charter lists.
const MaxOrigins = 8

// check settles the relying party and its origins; needed says that somebody has
// a WebAuthn credential.
func (w Web) check(needed bool) error {
	if w.RPID == "" && len(w.Origins) == 0 {
		if needed {
			return errors.New("somebody has a WebAuthn credential: name the relying party id and the origins that it is made for")
		}
		return nil
	}
	if err := checkHost(w.RPID); err != nil {
		return fmt.Errorf("relying party id %q: %w", w.RPID, err)
	}
	if n := len(w.Origins); n < 1 || n > MaxOrigins {
		return fmt.Errorf("%d origins: want 1 to %d", n, MaxOrigins)
	}
	for i, o := range w.Origins {
		if i > 0 && w.Origins[i-1] == o {
			return fmt.Errorf("origin %q is named twice", o)
		}
		if err := checkOrigin(o, w.RPID); err != nil {
			return fmt.Errorf("origin %q: %w", o, err)
		}
	}
	return nil
}

// checkHost accepts a host name in small letters: labels of letters, digits and
// inner hyphens, and no address.
func checkHost(host string) error {
	if host == "" || len(host) > 253 {
		return fmt.Errorf("%d characters: want 1 to 253", len(host))
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		bad := strings.IndexFunc(label, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-') })
		if label == "" || len(label) > 63 || bad >= 0 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return errors.New("want a host name in small letters, like approve.example.com")
		}
	}
	if strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return errors.New("an address is no relying party: want a host name, like approve.example.com")
	}
	return nil
}

// checkOrigin accepts scheme://host[:port] as browsers write it, of the relying
// party's host or one below (WebAuthn level 2, section 5.1.3). Only this machine
// itself may do without encryption.
func checkOrigin(origin, rpid string) error {
	scheme, rest, ok := strings.Cut(origin, "://")
	if !ok || scheme != "https" && scheme != "http" {
		return errors.New("want https://host, or http://localhost")
	}
	host, port, given := strings.Cut(rest, ":")
	if err := checkHost(host); err != nil {
		return err
	}
	if given {
		n, err := strconv.ParseUint(port, 10, 16)
		usual := scheme == "https" && n == 443 || scheme == "http" && n == 80
		if err != nil || n == 0 || strconv.FormatUint(n, 10) != port || usual {
			return errors.New("want no port, or one from 1 to 65535 that is not the usual one")
		}
	}
	if scheme == "http" && host != "localhost" && !strings.HasSuffix(host, ".localhost") {
		return errors.New("want https: only localhost may do without encryption")
	}
	if host != rpid && !strings.HasSuffix(host, "."+rpid) {
		return fmt.Errorf("its host is neither %s nor below it", rpid)
	}
	return nil
}
