package cli_test

import (
	"crypto/rand"

	"heliograph/ceremonies"
	"heliograph/ceremonies/rehearsal"
	"heliograph/shared/charter"
	"heliograph/shared/wallet"

	"heliograph/online/coordinator"
	"heliograph/online/store"
)

// makeTreasury makes the folder of a coordinator that has enrolled three
// rehearsed stations and generated a key with them. Its charter pays Exchange, at
// most 20,000,000 sat a payment and 30,000,000 a day. With people, two of them must
// approve a batch above 1,000,000 sat and every change of the charter.
func makeTreasury(dir string, people bool) error {
	w, err := rehearsal.New(2, 3, 1)
	if err != nil {
		return err
	}
	if err := w.Enrolment(); err != nil {
		return err
	}
	exchange, err := wallet.DecodeAddress(wallet.Regtest, "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080")
	if err != nil {
		return err
	}
	d := charter.Document{
		Name: "Example", Gap: 20, ClockTolerance: 7200,
		Counterparties: []charter.Counterparty{{Name: "Exchange", Destinations: [][]byte{exchange}}},
		Rules: []charter.Rule{
			{ID: "allow/known", Effect: charter.Allow},
			{ID: "cap/payment", Effect: charter.Require, Check: charter.MaxOutput, Max: 20_000_000},
			{ID: "cap/day", Effect: charter.Require, Check: charter.MaxWindow, Max: 30_000_000, Window: 86_400},
		},
	}
	if people {
		if err := addPeople(&d); err != nil {
			return err
		}
	}
	draft, err := w.Draft(d)
	if err != nil {
		return err
	}
	if err := w.KeyGeneration(draft); err != nil {
		return err
	}
	first, err := coordinator.Setup(coordinator.Settings{Name: "Example", Network: wallet.Regtest}, rand.Reader)
	if err != nil {
		return err
	}
	courier := w.Courier.Bytes()
	public, err := w.Public.Encode()
	if err != nil {
		return err
	}
	for i, r := range first.Records {
		if r.Name == "treasury/courier" {
			first.Records[i].Value = courier[:]
		}
	}
	first.Records = append(first.Records, ceremonies.Record{Name: "wallet/public", Value: public})
	for name, value := range w.Disk {
		first.Records = append(first.Records, ceremonies.Record{Name: name, Value: value})
	}
	s, err := store.Create(dir, first)
	if err != nil {
		return err
	}
	return s.Close()
}
