package cli

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"heliograph/online/coordinator"
)

// maxCSV bounds a payout file, in bytes: 10,000 rows with every field at its
// longest.
const maxCSV = 4 << 20

// header is the first row of a payout file: these columns, in this order.
var header = []string{
	coordinator.ColumnExternalID, coordinator.ColumnCounterparty, coordinator.ColumnAddress,
	coordinator.ColumnAmount, coordinator.ColumnReference,
}

// maxField bounds any field of a payout file, in bytes. Each has its own, lower
// bound, which is checked with its meaning.
const maxField = 256

// readCSV takes a payout file apart (RFC 4180, UTF-8, comma). It judges no
// field: it answers with the rows as they were written, and with everything that
// keeps the file from being read as a table, by row. A row with problems is left
// out.
func readCSV(b []byte) ([]coordinator.Row, []coordinator.Problem) {
	if whole := readable(b); whole != "" {
		return nil, []coordinator.Problem{{What: whole}}
	}
	reader := csv.NewReader(bytes.NewReader(b))
	reader.FieldsPerRecord = -1 // counted here, so that every bad row is named
	var rows []coordinator.Row
	var problems []coordinator.Problem
	for count := 0; ; count++ {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			if count == 0 {
				problems = append(problems, coordinator.Problem{What: "the file is empty: its first row must be " + strings.Join(header, ",")})
			}
			return rows, problems
		}
		if broken, ok := errors.AsType[*csv.ParseError](err); ok {
			// What follows a torn quote cannot be told apart any more.
			return rows, append(problems, coordinator.Problem{Line: broken.Line, What: fmt.Sprintf("column %d of the text: %v; the rest of the file was not read", broken.Column, broken.Err)})
		}
		if err != nil {
			return rows, append(problems, coordinator.Problem{What: err.Error()})
		}
		line, _ := reader.FieldPos(0)
		if count == 0 {
			if !slices.Equal(fields, header) {
				return nil, []coordinator.Problem{{Line: line, What: fmt.Sprintf("the first row is %q: it must be %s", strings.Join(fields, ","), strings.Join(header, ","))}}
			}
			continue
		}
		if count > coordinator.MaxRows {
			return nil, []coordinator.Problem{{Line: line, What: fmt.Sprintf("more than %d rows: split the file", coordinator.MaxRows)}}
		}
		row, found := takeRow(line, fields)
		problems = append(problems, found...)
		if len(found) == 0 {
			rows = append(rows, row)
		}
	}
}

// readable refuses what is no text file as a whole.
func readable(b []byte) string {
	switch {
	case len(b) > maxCSV:
		return fmt.Sprintf("the file has more than %d bytes: split it", maxCSV)
	case bytes.HasPrefix(b, []byte{0xef, 0xbb, 0xbf}):
		return "the file begins with a byte order mark: save it as UTF-8 without one"
	case !utf8.Valid(b):
		return "the file is not UTF-8: save it as UTF-8"
	case bytes.IndexByte(b, 0) >= 0:
		return "the file contains a zero byte: it is no text"
	}
	return ""
}

func takeRow(line int, fields []string) (coordinator.Row, []coordinator.Problem) {
	if len(fields) != len(header) {
		return coordinator.Row{}, []coordinator.Problem{{Line: line, What: fmt.Sprintf("%d fields instead of %d", len(fields), len(header))}}
	}
	var problems []coordinator.Problem
	for i, f := range fields {
		if len(f) > maxField {
			problems = append(problems, coordinator.Problem{Line: line, Column: header[i], What: fmt.Sprintf("%d bytes: at most %d", len(f), maxField)})
		}
	}
	return coordinator.Row{Line: line, ExternalID: fields[0], Counterparty: fields[1], Address: fields[2], AmountSat: fields[3], Reference: fields[4]}, problems
}
