package cli_test

import (
	"encoding/base64"
	"encoding/json"
	"os"

	"heliograph/shared/charter"
	"heliograph/shared/webauthn"
	"heliograph/shared/webauthn/testauthenticator"
	"heliograph/shared/wire"
)

// authenticator is the security key of a person in the stories.
func authenticator(n byte) (*testauthenticator.Authenticator, error) {
	return testauthenticator.New(webauthn.ES256, [32]byte{n})
}

// robotKey is the key of the program that drafts; the story has it in a file.
var robotKey = [32]byte{31: 1}

// ratesKey is the key of a source of prices.
var ratesKey = [32]byte{31: 2}

// addPeople adds Ann and Ben, who approve in browsers, and a program that drafts.
func addPeople(d *charter.Document) error {
	for n, name := range []string{"Ann", "Ben"} {
		a, err := authenticator(byte(n + 1))
		if err != nil {
			return err
		}
		d.People = append(d.People, charter.Person{Name: name, Roles: []string{"finance"}, Credentials: []charter.Credential{
			{Name: "blue key", Kind: charter.CredentialES256, Key: a.Key().Point, DeviceBound: true},
		}})
	}
	robot, err := wire.ParseSigningKey(robotKey[:])
	if err != nil {
		return err
	}
	key := robot.Public()
	d.People = append(d.People, charter.Person{Name: "Robot", Machine: true, Credentials: []charter.Credential{{Name: "server", Kind: charter.CredentialMachine, Key: key[:]}}})
	d.Web = charter.Web{RPID: "approve.localhost", Origins: []string{"https://approve.localhost"}}
	rates, err := wire.ParseSigningKey(ratesKey[:])
	if err != nil {
		return err
	}
	d.Prices = []charter.PriceSource{{Name: "Rates", Currency: "CHF", Key: rates.Public()}}
	d.Counterparties = append(d.Counterparties, charter.Counterparty{Name: "Vendor", Destinations: [][]byte{append([]byte{0, 20}, make([]byte, 20)...)}})
	d.Rules = append(d.Rules, charter.Rule{ID: "fiat/vendor", Effect: charter.Require, To: []string{"Vendor"}, Check: charter.MaxFiat, Max: 100_00, Currency: "CHF", Window: 3600})
	two := charter.Demand{Kind: charter.DemandApprovals, Count: 2, Roles: []string{"finance"}}
	d.Rules = append(d.Rules, charter.Rule{ID: "tier/amount", Effect: charter.Require, Check: charter.MaxBatch, Max: 1_000_000, Unless: two})
	two.Initiator = true
	d.Governance = charter.Governance{Tighten: charter.Demand{Kind: charter.DemandApprovals, Count: 1, Roles: []string{"finance"}, Initiator: true}, Loosen: two, Thaw: two, Delay: 3600}
	return nil
}

// browse answers a challenge as a person's browser does, with the key of the
// person whom it asks.
func browse(challengeFile, answerFile string) error {
	b, err := os.ReadFile(challengeFile)
	if err != nil {
		return err
	}
	var asked struct {
		PublicKey struct {
			Challenge, RPID string
		} `json:"publicKey"`
		Origins []string `json:"origins"`
		Person  string   `json:"person"`
	}
	if err := json.Unmarshal(b, &asked); err != nil {
		return err
	}
	challenge, err := base64.RawURLEncoding.DecodeString(asked.PublicKey.Challenge)
	if err != nil {
		return err
	}
	a, err := authenticator(map[string]byte{"Ann": 1, "Ben": 2}[asked.Person])
	if err != nil {
		return err
	}
	signed, err := a.Assert(asked.PublicKey.RPID, asked.Origins[0], [32]byte(challenge), testauthenticator.Options{ExtraKey: true})
	if err != nil {
		return err
	}
	text := base64.RawURLEncoding.EncodeToString
	answer, err := json.Marshal(map[string]any{
		"id": "AAAA", "rawId": "AAAA", "type": "public-key", "authenticatorAttachment": "cross-platform", "clientExtensionResults": map[string]any{},
		"response": map[string]string{"authenticatorData": text(signed.AuthenticatorData), "clientDataJSON": text(signed.ClientData), "signature": text(signed.Signature)},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(answerFile, answer, 0o600)
}
