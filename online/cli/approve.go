package cli

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"heliograph/ceremonies"
	"heliograph/shared/approval"
	"heliograph/shared/webauthn"
	"heliograph/shared/wire"

	"heliograph/online/charterfile"
	"heliograph/online/coordinator"
)

// maxAssertion bounds an assertion file, in bytes.
const maxAssertion = 64 << 10

// about are the flags that say what a statement is about.
type about struct {
	batch     string
	amendment bool
	notFrozen bool
}

func (a *about) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.batch, "batch", "", "about this batch: its number, or at least 8 digits of its id")
	cmd.Flags().BoolVar(&a.amendment, "amendment", false, "about the amendment that is drafted")
	cmd.Flags().BoolVar(&a.notFrozen, "not-frozen", false, "about the wallet: that nothing is frozen")
	cmd.MarkFlagsMutuallyExclusive("batch", "amendment", "not-frozen")
	cmd.MarkFlagsOneRequired("batch", "amendment", "not-frozen")
}

func (a *about) subject(t *treasury) (coordinator.Subject, error) {
	switch {
	case a.amendment:
		return t.AmendmentSubject()
	case a.notFrozen:
		return t.WalletSubject()
	}
	return t.BatchSubject(a.batch)
}

// decisions are the words for what somebody says.
var decisions = map[string]approval.Decision{"approve": approval.Approve, "veto": approval.Veto, "draft": approval.Draft}

func (a *about) decision(word string) (approval.Decision, error) {
	if a.notFrozen {
		return approval.NotFrozen, nil
	}
	d, ok := decisions[word]
	if !ok {
		return 0, &failure{Usage, fmt.Sprintf("--decision: %q is no decision", word), "Write approve, veto or draft (that this person asked for it)."}
	}
	return d, nil
}

// challengeDocument is a challenge as a page hands it to navigator.credentials,
// and what it is for.
type challengeDocument struct {
	PublicKey  publicKeyOptions `json:"publicKey"`
	Origins    []string         `json:"origins"`
	Person     string           `json:"person"`
	Credential string           `json:"credential"`
	Decision   string           `json:"decision"`
	About      string           `json:"about"`
	Time       int64            `json:"time"`
	Expiry     int64            `json:"expiry"`
}

// publicKeyOptions are PublicKeyCredentialRequestOptionsJSON (Web Authentication
// Level 3, section 5.1.10).
type publicKeyOptions struct {
	Challenge        string     `json:"challenge"` // base64url
	RPID             string     `json:"rpId"`
	AllowCredentials []struct{} `json:"allowCredentials"`
	UserVerification string     `json:"userVerification"`
}

func (c *commands) approveChallenge() *cobra.Command {
	var a about
	var person, credential, word, lifetime string
	cmd := command("challenge --as NAME (--batch BATCH | --amendment | --not-frozen)", "what a person's browser is to sign",
		`Prints the JSON that a page gives to navigator.credentials.get, for a WebAuthn
credential that the charter in force lists. The challenge covers the wallet, the
batch, the charter, the decision, the person and both times: it is good for
nothing else. heliograph approve take takes in what the browser returns.`,
		`  heliograph approve challenge --batch 1 --as Ann > challenge.json
  heliograph approve challenge --not-frozen --as Ann --lifetime 1h`,
		cobra.NoArgs, func(context.Context, []string) error {
			decision, err := a.decision(word)
			if err != nil {
				return err
			}
			if lifetime == "" {
				lifetime = usualLifetime[decision]
			}
			seconds, err := charterfile.Period(lifetime)
			if err != nil {
				return &failure{Usage, "--lifetime: " + err.Error(), remedyLifetime}
			}
			return c.with(func(t *treasury) error {
				subject, err := a.subject(t)
				if err != nil {
					return err
				}
				asked, err := t.Challenge(subject, decision, person, credential, seconds)
				if err != nil {
					return err
				}
				challenge := asked.Statement.Challenge()
				e := json.NewEncoder(c.env.Out)
				e.SetIndent("", "  ")
				return e.Encode(challengeDocument{
					PublicKey: publicKeyOptions{
						Challenge: base64.RawURLEncoding.EncodeToString(challenge[:]), RPID: asked.Web.RPID,
						AllowCredentials: []struct{}{}, UserVerification: "required",
					},
					Origins: asked.Web.Origins, Person: asked.Statement.Person, Credential: asked.Credential,
					Decision: decision.String(), About: asked.About, Time: asked.Statement.Time, Expiry: asked.Statement.Expiry,
				})
			})
		})
	a.flags(cmd)
	cmd.Flags().StringVar(&person, "as", "", "who decides, as the charter lists them")
	cmd.Flags().StringVar(&credential, "credential", "", "which of the person's WebAuthn credentials, if there are several")
	cmd.Flags().StringVar(&word, "decision", "approve", "approve, veto or draft")
	cmd.Flags().StringVar(&lifetime, "lifetime", "", "how long the statement is to hold (default 24h; a draft 7d, a veto 30d)")
	required(cmd, "as")
	return cmd
}

// usualLifetime is how long statements hold that nobody says anything else of. A
// draft must outlive what rules ask it to wait, and a veto those who wait for its
// end.
var usualLifetime = map[approval.Decision]string{approval.Approve: "24h", approval.NotFrozen: "24h", approval.Draft: "7d", approval.Veto: "30d"}

func (c *commands) approveTake() *cobra.Command {
	return command("take FILE", "take in what a browser signed",
		`FILE is the JSON of the credential that navigator.credentials.get returned; - is
the standard input. It is verified as every station will verify it; one that
counts nothing is not kept (exit code 3).`,
		`  heliograph approve take assertion.json`,
		cobra.ExactArgs(1), func(_ context.Context, args []string) error {
			b, err := c.readInput(args[0], maxAssertion)
			if err != nil {
				return err
			}
			challenge, assertion, err := readAssertion(b)
			if err != nil {
				return &failure{Error, args[0] + ": " + err.Error(), "It is the JSON of the credential that navigator.credentials.get returned, with its response."}
			}
			return c.with(func(t *treasury) error {
				taken, err := t.TakeAssertion(challenge, assertion)
				if err != nil {
					return err
				}
				return c.tellTaken(taken)
			})
		})
}

// readInput reads a file, or the standard input for -.
func (c *commands) readInput(path string, limit int64) ([]byte, error) {
	if path != "-" {
		return readFile(path, limit)
	}
	b, err := io.ReadAll(io.LimitReader(c.env.In, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("the input has more than %d bytes", limit)
	}
	return b, err
}

// readAssertion reads AuthenticationResponseJSON (Web Authentication Level 3,
// section 5.1.8): of all that a browser puts there, what proves something.
func readAssertion(b []byte) (challenge [32]byte, a webauthn.Assertion, err error) {
	var f struct {
		Response struct {
			ClientData        string `json:"clientDataJSON"`
			AuthenticatorData string `json:"authenticatorData"`
			Signature         string `json:"signature"`
		} `json:"response"`
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return challenge, a, errors.New("this is no JSON of a credential")
	}
	for _, field := range []struct {
		name, text string
		to         *[]byte
	}{{"clientDataJSON", f.Response.ClientData, &a.ClientData}, {"authenticatorData", f.Response.AuthenticatorData, &a.AuthenticatorData}, {"signature", f.Response.Signature, &a.Signature}} {
		if *field.to, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(field.text, "=")); err != nil || field.text == "" {
			return challenge, a, fmt.Errorf("response.%s is missing or no base64url", field.name)
		}
	}
	var client struct {
		Challenge string `json:"challenge"`
	}
	if err := json.Unmarshal(a.ClientData, &client); err != nil {
		return challenge, a, errors.New("clientDataJSON is no JSON")
	}
	raw, err := base64.RawURLEncoding.DecodeString(client.Challenge)
	if err != nil || len(raw) != len(challenge) {
		return challenge, a, errors.New("clientDataJSON has no challenge of this program")
	}
	return [32]byte(raw), a, nil
}

func (c *commands) approveRequest() *cobra.Command {
	var a about
	var person, lifetime, camera, screen string
	cmd := command("request --as NAME (--batch BATCH | --amendment | --not-frozen) --camera DIR --screen DIR", "ask a person at an offline device",
		`Shows the request to the person's reviewing device until you press Enter, then
scans its answer. The device recomputes everything and shows it whole; the person
approves, vetoes or refuses there. Exit code 3 if they sign nothing.`+devicesHelp,
		`  heliograph approve request --batch 1 --as Ben --camera camera --screen screen`,
		cobra.NoArgs, func(ctx context.Context, _ []string) error {
			seconds, err := charterfile.Period(lifetime)
			if err != nil {
				return &failure{Usage, "--lifetime: " + err.Error(), remedyLifetime}
			}
			return c.with(func(t *treasury) error {
				subject, err := a.subject(t)
				if err != nil {
					return err
				}
				at, err := c.openTerminal(t, camera, screen)
				if err != nil {
					return err
				}
				taken, err := t.Review(ctx, at, subject, person, seconds)
				if err != nil {
					return err
				}
				return c.tellTaken(taken)
			})
		})
	a.flags(cmd)
	cmd.Flags().StringVar(&person, "as", "", "whom to ask, as the charter lists them")
	cmd.Flags().StringVar(&lifetime, "lifetime", "24h", "how long the statement is to hold")
	required(cmd, "as")
	return devices(cmd, &camera, &screen)
}

func (c *commands) approveDraft() *cobra.Command {
	var a about
	var person, credential, file, lifetime string
	cmd := command("draft --as NAME --key FILE (--batch BATCH | --amendment)", "sign that a program drafted it",
		`Signs the draft with the key of a program, which the charter lists with
machine: true. heliograph people machine makes such a key. A person signs a draft
with heliograph approve challenge --decision draft. Whoever signed the draft does
not count among its approvers, unless a rule says so.`,
		`  heliograph approve draft --batch 1 --as "Payroll program" --key payroll.key`,
		cobra.NoArgs, func(context.Context, []string) error {
			seconds, err := charterfile.Period(lifetime)
			if err != nil {
				return &failure{Usage, "--lifetime: " + err.Error(), remedyLifetime}
			}
			key, err := readKey(file)
			if err != nil {
				return err
			}
			defer key.Wipe()
			return c.with(func(t *treasury) error {
				subject, err := a.subject(t)
				if err != nil {
					return err
				}
				taken, err := t.SignAs(subject, approval.Draft, person, credential, key, seconds)
				if err != nil {
					return err
				}
				return c.tellTaken(taken)
			})
		})
	a.flags(cmd)
	cmd.Flags().StringVar(&person, "as", "", "the program, as the charter lists it")
	cmd.Flags().StringVar(&credential, "credential", "", "which of the program's keys, if there are several")
	cmd.Flags().StringVar(&file, "key", "", "file with the program's key")
	cmd.Flags().StringVar(&lifetime, "lifetime", "7d", "how long the statement is to hold")
	required(cmd, "as", "key")
	return cmd
}

// readKey reads the file that people machine wrote. No error repeats it.
func readKey(path string) (*wire.SigningKey, error) {
	b, err := readFile(path, 128)
	if err != nil {
		return nil, err
	}
	defer clear(b)
	raw := make([]byte, 32)
	defer clear(raw)
	if n, err := hex.Decode(raw, bytes.TrimSpace(b)[:min(64, len(bytes.TrimSpace(b)))]); err != nil || n != 32 || len(bytes.TrimSpace(b)) != 64 {
		return nil, &failure{Error, path + " holds no key", "heliograph people machine --out FILE makes one."}
	}
	return wire.ParseSigningKey(raw)
}

// statementDocument is a statement as JSON.
type statementDocument struct {
	Person     string `json:"person"`
	Decision   string `json:"decision"`
	Credential string `json:"credential"`
	About      string `json:"about"`
	Time       int64  `json:"time"`
	Expiry     int64  `json:"expiry"`
	New        bool   `json:"new"`
}

func (c *commands) tellTaken(s coordinator.Taken) error {
	what := "taken in"
	if !s.New {
		what = "was taken in before"
	}
	c.say("The %s of %s about %s is %s; it holds until %s.", s.Decision, escape(s.Person), s.About, what, ceremonies.Clock(s.Expiry))
	return c.document(statementDocument{s.Person, s.Decision.String(), s.Credential, s.About, s.Time, s.Expiry, s.New})
}

func (c *commands) approveList() *cobra.Command {
	var a about
	cmd := command("list (--batch BATCH | --amendment | --not-frozen)", "who signed what, and what counts",
		`Lists what people signed about a batch, an amendment or the wallet, what of it
counts under the charter in force at this moment, and why the rest does not.`,
		`  heliograph approve list --batch 1`,
		cobra.NoArgs, func(context.Context, []string) error {
			return c.with(func(t *treasury) error {
				subject, err := a.subject(t)
				if err != nil {
					return err
				}
				set, err := t.Statements(subject)
				if err != nil {
					return err
				}
				return c.tellSet(subject, set)
			})
		})
	a.flags(cmd)
	return cmd
}

type givenDocument struct {
	Person   string   `json:"person"`
	Roles    []string `json:"roles"`
	Decision string   `json:"decision"`
	Offline  bool     `json:"offline"`
	Time     int64    `json:"time"`
	Expiry   int64    `json:"expiry"`
}

type voidDocument struct {
	Person   string `json:"person"`
	Decision string `json:"decision"`
	Why      string `json:"why"`
}

func (c *commands) tellSet(about coordinator.Subject, set approval.Set) error {
	given, void := []givenDocument{}, []voidDocument{}
	for _, g := range set.Given() {
		given = append(given, givenDocument{g.Person.Name, append([]string{}, g.Person.Roles...), g.Decision.String(), g.Offline, g.Time, g.Expiry})
		device := ""
		if g.Offline {
			device = ", on an offline device"
		}
		c.say("%s of %s (%s)%s, at %s, until %s", g.Decision, escape(g.Person.Name), escape(strings.Join(g.Person.Roles, ", ")), device, ceremonies.Clock(g.Time), ceremonies.Clock(g.Expiry))
	}
	for _, v := range set.Void() {
		void = append(void, voidDocument{v.Person, v.Decision.String(), v.Why})
		c.say("counts nothing: the %s of %s %s", v.Decision, escape(v.Person), escape(v.Why))
	}
	if len(given)+len(void) == 0 {
		c.say("Nobody has signed anything about %s.", about.About)
	}
	return c.document(struct {
		About string          `json:"about"`
		Given []givenDocument `json:"given"`
		Void  []voidDocument  `json:"void"`
	}{about.About, given, void})
}
