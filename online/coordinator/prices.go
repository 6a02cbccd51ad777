package coordinator

import (
	"errors"
	"fmt"
	"slices"

	"heliograph/ceremonies"
	"heliograph/shared/charter"
	"heliograph/shared/policy"

	"heliograph/online/coordinator/book"
)

// pricePrefix is where the latest price of each source is kept, by currency and
// the source's key.
const pricePrefix = "price/"

// TakePrice takes in a signed statement of a price. It must be by a source that
// the charter in force lists, and later than what that source stated before.
func (c *Coordinator) TakePrice(p policy.Price) error {
	in, err := c.Charter()
	if err != nil {
		return err
	}
	for _, s := range in.Document().Prices {
		if s.Name != p.Source || s.Currency != p.Currency {
			continue
		}
		if err := p.Verify(s.Key); err != nil {
			return fmt.Errorf("coordinator: the price of %q: %w", p.Source, err)
		}
		if p.Time > c.now()+int64(in.Document().ClockTolerance) {
			return fmt.Errorf("coordinator: the price of %q is of %s, in the future", p.Source, ceremonies.Clock(p.Time))
		}
		before, err := c.prices(in)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(before, func(old policy.Price) bool {
			return old.Source == p.Source && old.Currency == p.Currency && old.Time > p.Time
		}) {
			return fmt.Errorf("coordinator: %q has stated a later price already", p.Source)
		}
		b, err := policy.Evidence{Prices: []policy.Price{p}}.Encode()
		if err != nil {
			return err
		}
		return c.store.Commit(book.Change{Records: []ceremonies.Record{{Name: priceName(s), Value: b}}})
	}
	return errors.New("coordinator: the charter in force lists no such price source for this currency")
}

func priceName(s charter.PriceSource) string {
	return fmt.Sprintf("%s%x/%x", pricePrefix, s.Currency, s.Key[:])
}

// Prices are the latest prices that sources of the charter in force have stated.
func (c *Coordinator) Prices() ([]policy.Price, error) {
	in, err := c.Charter()
	if err != nil {
		return nil, err
	}
	return c.prices(in)
}

func (c *Coordinator) prices(in charter.Charter) ([]policy.Price, error) {
	var out []policy.Price
	for _, s := range in.Document().Prices {
		b, err := c.record(priceName(s))
		if err != nil {
			return nil, err
		}
		if b == nil {
			continue
		}
		e, err := policy.DecodeEvidence(b)
		if err != nil {
			return nil, fmt.Errorf("coordinator: %s: %w", priceName(s), err)
		}
		out = append(out, e.Prices...)
	}
	return out, nil
}
