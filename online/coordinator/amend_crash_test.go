package coordinator_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"heliograph/shared/approval"
	"heliograph/shared/charter"

	"heliograph/online/coordinator"
	"heliograph/online/coordinator/book"
)

// The coordinator is killed at its commits while people approve, a charter is
// amended and a batch under it is signed. Started again it goes on, no statement is
// lost, and one charter is adopted, once.
func TestAmendmentCrashes(t *testing.T) {
	for seed := range 2 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			y, o := newOffice(t)
			o.again = true
			pattern := rand.New(rand.NewPCG(uint64(seed), 2))
			y.broken = &brokenStore{fail: func(int) failure { return failure(pattern.IntN(5) % 3) }}
			y.open()
			ctx := t.Context()
			under := false
			y.until(func() bool { return under }, func() error {
				d := o.public.Charter.Document()
				base, err := y.CharterBase()
				if err != nil {
					return err
				}
				d.Epoch, d.Prior, d.Issued = base.Epoch, base.Prior, base.Issued
				rule(&d, "tier/amount").Max = 1_100_000
				next, err := charter.New(d)
				if err != nil {
					return err
				}
				_, err = y.DraftAmendment(next)
				under = err == nil
				return err
			})
			about, err := y.AmendmentSubject()
			must(t, err)
			y.signs(o, about, "Ann", "Cid")
			y.until(func() bool { line, err := y.Line(); return err == nil && line.Latest().Document().Epoch == 1 }, func() error {
				return y.CarryAmendment(ctx, y.people)
			})
			// Killed after it was adopted and before the others saw the certificate,
			// it shows that again.
			y.until(func() bool { return o.y.people.world.Stations[2].Line.Latest().Document().Epoch == 1 }, func() error {
				_, err := y.ShowCertificates(ctx, y.people, 1)
				return err
			})
			y.people.world.Now += 3601
			row := coordinator.Row{Line: 2, ExternalID: "p", Counterparty: "Exchange", Address: address(t, payee(1)), AmountSat: "1500000"}
			y.until(func() bool { return len(y.state().Payouts) == 1 }, func() error {
				_, _, err := y.Import([]coordinator.Row{row})
				return err
			})
			y.until(func() bool { return len(y.state().Batches) == 1 }, func() error {
				_, err := y.Draft(ctx, y.chain, y.chain, plain)
				return err
			})
			if about, err = y.BatchSubject("1"); err != nil {
				t.Fatal(err)
			}
			drafted := false
			y.until(func() bool { return drafted }, func() error {
				_, err := y.SignAs(about, approval.Draft, "Robot", "", o.robot, 3600)
				drafted = err == nil
				return err
			})
			y.signs(o, about, "Ann", "Ben")
			y.until(y.reached(book.BatchSigned), func() error {
				_, err := y.Sign(ctx, y.people, "1", coordinator.SignOptions{})
				return err
			})
			if y.broken.n < 10 {
				t.Fatalf("only %d commits", y.broken.n)
			}
		})
	}
}

// signs has people approve, however often the program dies meanwhile.
func (y *treasury) signs(o *office, about coordinator.Subject, names ...string) {
	y.t.Helper()
	for _, name := range names {
		said := func() bool {
			set, err := y.Statements(about)
			must(y.t, err)
			for _, g := range set.Given() {
				if g.Person.Name == name {
					return true
				}
			}
			return false
		}
		y.until(said, func() error {
			var err error
			if name == "Ann" {
				_, err = o.browser(about, approval.Approve)
			} else {
				_, err = y.Review(y.t.Context(), y.people, about, name, 3600)
			}
			return err
		})
	}
}
