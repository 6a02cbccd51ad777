package cli

import (
	"bytes"
	"encoding/csv"
	"reflect"
	"strings"
	"testing"

	"heliograph/online/coordinator"
)

const head = "external_id,counterparty,address,amount_sat,reference\n"

func TestCSV(t *testing.T) {
	rows, problems := readCSV([]byte(head + "a,\"Exchange, North\",bcrt1q,15,\"said \"\"pay\"\"\"\r\nb,C,d,1,\n"))
	if len(problems) != 0 {
		t.Fatal(problems)
	}
	want := []coordinator.Row{
		{Line: 2, ExternalID: "a", Counterparty: "Exchange, North", Address: "bcrt1q", AmountSat: "15", Reference: `said "pay"`},
		{Line: 3, ExternalID: "b", Counterparty: "C", Address: "d", AmountSat: "1"},
	}
	if !reflect.DeepEqual(rows, want) {
		t.Fatalf("%+v", rows)
	}
}

// Everything that keeps a file from being read is named by row; rows that can be
// read are read all the same.
func TestCSVProblems(t *testing.T) {
	long := strings.Repeat("x", maxField+1)
	for name, c := range map[string]struct {
		file string
		rows int
		want []coordinator.Problem // What is a part of the text
	}{
		"nothing":       {"", 0, []coordinator.Problem{{What: "first row must be external_id,"}}},
		"no header":     {"a,b,c,1,\n", 0, []coordinator.Problem{{Line: 1, What: "it must be external_id,"}}},
		"other order":   {"counterparty,external_id,address,amount_sat,reference\n", 0, []coordinator.Problem{{Line: 1, What: "it must be"}}},
		"a mark first":  {"\xef\xbb\xbf" + head, 0, []coordinator.Problem{{What: "byte order mark"}}},
		"not UTF-8":     {head + "a,b\xff,c,1,\n", 0, []coordinator.Problem{{What: "not UTF-8"}}},
		"a zero byte":   {head + "a,b\x00,c,1,\n", 0, []coordinator.Problem{{What: "zero byte"}}},
		"semicolons":    {head + "a;b;c;1;\n", 0, []coordinator.Problem{{Line: 2, What: "1 fields instead of 5"}}},
		"two bad rows":  {head + "a,b\na,b,c,1,\na,b,c,1,,\n", 1, []coordinator.Problem{{Line: 2, What: "2 fields"}, {Line: 4, What: "6 fields"}}},
		"a long field":  {head + "a," + long + "," + long + ",1,\n", 0, []coordinator.Problem{{Line: 2, Column: "counterparty", What: "257 bytes"}, {Line: 2, Column: "address", What: "257 bytes"}}},
		"a torn quote":  {head + "a,b,c,1,\n\"b,c,d,1,\n", 1, []coordinator.Problem{{Line: 3, What: "the rest of the file was not read"}}},
		"a loose quote": {head + "a,b\"c,c,1,\nb,b,c,1,\n", 0, []coordinator.Problem{{Line: 2, What: "bare"}}},
		"too many rows": {head + strings.Repeat("a,b,c,1,\n", coordinator.MaxRows+1), 0, []coordinator.Problem{{Line: coordinator.MaxRows + 2, What: "more than 10000 rows"}}},
		"too long":      {head + strings.Repeat(" ", maxCSV), 0, []coordinator.Problem{{What: "more than 4194304 bytes"}}},
	} {
		t.Run(name, func(t *testing.T) {
			rows, problems := readCSV([]byte(c.file))
			if len(rows) != c.rows || len(problems) != len(c.want) {
				t.Fatalf("%d rows, problems %v", len(rows), problems)
			}
			for i, p := range problems {
				if p.Line != c.want[i].Line || p.Column != c.want[i].Column || !strings.Contains(p.What, c.want[i].What) {
					t.Errorf("problem %+v, want %+v", p, c.want[i])
				}
			}
		})
	}
}

// FuzzCSV holds: reading never panics and is bounded; a file has rows or problems,
// never neither without being just its header; and the rows that come out,
// written again, read as the same rows.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		head, head + "a,b,c,1,d\n", head + "a,\"b,\n\"\"\",c,1,d\r\n\r\nb,c,d,2,\n", head + "a,b\n", head + "\"", "external_id", "\xef\xbb\xbf", head + "a,b,c,,\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, problems := readCSV(b)
		if len(rows) > coordinator.MaxRows {
			t.Fatalf("%d rows", len(rows))
		}
		for _, p := range problems {
			if p.What == "" || p.String() == "" {
				t.Fatalf("a problem without words: %+v", p)
			}
		}
		if len(rows) == 0 {
			return
		}
		var again bytes.Buffer
		w := csv.NewWriter(&again)
		if err := w.Write(header); err != nil {
			t.Fatal(err)
		}
		last := 1
		for i := range rows {
			r := &rows[i]
			if r.Line <= last {
				t.Fatalf("row %d follows row %d", r.Line, last)
			}
			last = r.Line
			if err := w.Write([]string{r.ExternalID, r.Counterparty, r.Address, r.AmountSat, r.Reference}); err != nil {
				t.Fatal(err)
			}
		}
		w.Flush()
		back, more := readCSV(again.Bytes())
		if len(more) > 0 || len(back) != len(rows) {
			t.Fatalf("written again: %d rows of %d, %v", len(back), len(rows), more)
		}
		for i := range rows {
			rows[i].Line, back[i].Line = 0, 0
			if rows[i] != back[i] {
				t.Fatalf("row %d: %+v became %+v", i, rows[i], back[i])
			}
		}
	})
}
