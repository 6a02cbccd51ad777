package cli

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"github.com/spf13/cobra"

	"heliograph/ceremonies"
	"heliograph/shared/policy"
)

// priceDocument is a price as JSON, and as a file.
type priceDocument struct {
	Source     string `json:"source"`
	Currency   string `json:"currency"`
	Hundredths int64  `json:"hundredths"` // of the currency, for one bitcoin
	Time       int64  `json:"time"`
	Signature  string `json:"signature"`
}

func priceOf(p policy.Price) priceDocument {
	return priceDocument{p.Source, p.Currency, p.Hundredths, p.Time, hex.EncodeToString(p.Signature[:])}
}

// readPrice reads what price state wrote.
func readPrice(b []byte) (policy.Price, error) {
	var d priceDocument
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return policy.Price{}, errors.New("this is no JSON of a price")
	}
	if err := decoder.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return policy.Price{}, errors.New("something follows the price")
	}
	signature, err := hex.DecodeString(d.Signature)
	if err != nil || len(signature) != 64 {
		return policy.Price{}, errors.New("signature has not 128 hexadecimal digits")
	}
	return policy.Price{Source: d.Source, Currency: d.Currency, Hundredths: d.Hundredths, Time: d.Time, Signature: [64]byte(signature)}, nil
}

var priceForm = regexp.MustCompile(`^([1-9][0-9]{0,12})\.([0-9]{2})$`)

func (c *commands) priceState() *cobra.Command {
	var source, currency, price, file string
	cmd := command("state --as SOURCE --currency CHF --price 55000.00 --key FILE", "state a price, as its source",
		`Prints a signed statement of what one bitcoin is worth now, for heliograph price
take. It is for whoever the charter lists under prices:, on their own machine; the
key is a file as heliograph people machine writes it.`,
		`  heliograph price state --as "Rates desk" --currency CHF --price 55000.00 --key rates.key > price.json`,
		cobra.NoArgs, func(context.Context, []string) error {
			m := priceForm.FindStringSubmatch(price)
			if m == nil {
				return &failure{Usage, fmt.Sprintf("--price: %q is no price", price), "Write it with two decimals, such as 55000.00."}
			}
			hundredths, err := strconv.ParseInt(m[1]+m[2], 10, 64)
			if err != nil {
				return err
			}
			key, err := readKey(file)
			if err != nil {
				return err
			}
			defer key.Wipe()
			var aux [32]byte
			if _, err := io.ReadFull(c.env.Random, aux[:]); err != nil {
				return err
			}
			signed, err := policy.SignPrice(policy.Price{Source: source, Currency: currency, Hundredths: hundredths, Time: c.env.Now()}, key, aux)
			if err != nil {
				return err
			}
			e := json.NewEncoder(c.env.Out)
			e.SetIndent("", "  ")
			return e.Encode(priceOf(signed))
		})
	cmd.Flags().StringVar(&source, "as", "", "the source, as the charter lists it")
	cmd.Flags().StringVar(&currency, "currency", "", "three capital letters")
	cmd.Flags().StringVar(&price, "price", "", "of one bitcoin, with two decimals")
	cmd.Flags().StringVar(&file, "key", "", "file with the source's key")
	required(cmd, "as", "currency", "price", "key")
	return cmd
}

func (c *commands) priceTake() *cobra.Command {
	return command("take FILE", "take in the statement of a price",
		`FILE is what heliograph price state printed; - is the standard input. It travels
with every batch from then on, until its source states a later one. Rules with
max-fiat say how old a price may be.`,
		`  heliograph price take price.json`,
		cobra.ExactArgs(1), func(_ context.Context, args []string) error {
			b, err := c.readInput(args[0], 4096)
			if err != nil {
				return err
			}
			p, err := readPrice(b)
			if err != nil {
				return &failure{Error, args[0] + ": " + err.Error(), "It is the file that heliograph price state wrote."}
			}
			return c.with(func(t *treasury) error {
				if err := t.TakePrice(p); err != nil {
					return err
				}
				c.tellPrice(p)
				return c.document(priceOf(p))
			})
		})
}

func (c *commands) tellPrice(p policy.Price) {
	c.say("%s: one bitcoin is worth %d.%02d %s, at %s", escape(p.Source), p.Hundredths/100, p.Hundredths%100, p.Currency, ceremonies.Clock(p.Time))
}

func (c *commands) priceList() *cobra.Command {
	return command("list", "the latest prices that were stated",
		`Lists the latest price of every source of the charter in force.`,
		`  heliograph price list`,
		cobra.NoArgs, func(context.Context, []string) error {
			return c.with(func(t *treasury) error {
				prices, err := t.Prices()
				if err != nil {
					return err
				}
				out := []priceDocument{}
				for _, p := range prices {
					c.tellPrice(p)
					out = append(out, priceOf(p))
				}
				if len(out) == 0 {
					c.say("Nobody has stated a price.")
				}
				return c.document(struct {
					Prices []priceDocument `json:"prices"`
				}{out})
			})
		})
}
