package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"heliograph/ceremonies"
	"heliograph/ceremonies/rehearsal"
	"heliograph/ceremonies/signing"
	"heliograph/shared/charter"
	"heliograph/shared/wire"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// run runs a command line in a folder that has no treasury.
func run(t *testing.T, args ...string) (code int, out, complaint string) {
	t.Helper()
	var o, e bytes.Buffer
	env := Process()
	env.In, env.Out, env.Err = strings.NewReader(""), &o, &e
	code = Main(context.Background(), append([]string{"--dir", filepath.Join(t.TempDir(), "none")}, args...), env)
	return code, o.String(), e.String()
}

// A record proves a wrong share to anyone who has the wallet's public file, and
// an honest answer proves nothing.
func TestBlameVerify(t *testing.T) {
	w, err := rehearsal.New(2, 3, 1)
	must(t, err)
	must(t, w.Enrolment())
	payee := append([]byte{0, 20}, make([]byte, 20)...)
	draft, err := w.Draft(charter.Document{
		Name: "Test", Gap: 20, ClockTolerance: 7200, Counterparties: []charter.Counterparty{{Name: "Payee", Destinations: [][]byte{payee}}},
		Rules: []charter.Rule{{ID: "allow", Effect: charter.Allow}},
	})
	must(t, err)
	must(t, w.KeyGeneration(draft))
	session, request, err := w.Open(w.Pay("p", "Payee", payee, 0, 1000, 50_000), 1, 0)
	must(t, err)
	honest, _, err := w.Visit(w.Stations[1], request)
	must(t, err)

	var response signing.Response
	must(t, w.Read(honest, &response))
	response.Shares[31] ^= 1
	body, err := wire.Marshal(response)
	must(t, err)
	lie, err := wire.Seal(wire.KindSigningResponse, [32]byte(w.Public.Wallet.ID()), body, w.Stations[1].Identity.Instance, w.Random())
	must(t, err)
	_, err = session.Step(w.Event(ceremonies.Scanned{Bytes: lie.Bytes}))
	fault, ok := err.(*ceremonies.Fault)
	if !ok || len(fault.Record) == 0 {
		t.Fatalf("no evidence: %v", err)
	}

	dir := t.TempDir()
	public, err := w.Public.Encode()
	must(t, err)
	wallet, record := filepath.Join(dir, "wallet.heliograph"), filepath.Join(dir, "record")
	must(t, os.WriteFile(wallet, public, 0o600))
	must(t, os.WriteFile(record, fault.Record, 0o600))
	code, out, complaint := run(t, "blame", "verify", "--wallet", wallet, record)
	if code != Done || !strings.Contains(out, "proven: station 1 (station B). Its partial signature in slot 0 does not verify") {
		t.Fatalf("code %d: %s%s", code, out, complaint)
	}
	code, out, _ = run(t, "--json", "blame", "verify", "--wallet", wallet, record)
	var document struct {
		Station int    `json:"station"`
		Slot    int    `json:"slot"`
		Name    string `json:"name"`
	}
	must(t, json.Unmarshal([]byte(out), &document))
	if code != Done || document.Station != 1 || document.Slot != 0 || document.Name != "station B" {
		t.Fatalf("code %d: %s", code, out)
	}

	// Framed: the same record with the honest answer in it.
	var blame signing.Blame
	must(t, wire.Unmarshal(fault.Record, &blame, 32<<20))
	blame.Response = honest
	framed, err := wire.Marshal(blame)
	must(t, err)
	must(t, os.WriteFile(record, framed, 0o600))
	if code, _, complaint := run(t, "blame", "verify", "--wallet", wallet, record); code != Error || !strings.Contains(complaint, "nothing is proven") || !strings.Contains(complaint, "Accuse nobody") {
		t.Fatalf("code %d: %s", code, complaint)
	}
	must(t, os.WriteFile(wallet, public[:len(public)-1], 0o600))
	if code, _, _ := run(t, "blame", "verify", "--wallet", wallet, record); code != Error {
		t.Fatalf("a torn wallet file: code %d", code)
	}
}
