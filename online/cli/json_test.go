package cli

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"heliograph/online/coordinator"
	"heliograph/online/verifier"
)

// Every field that a document has is named in JSON.md, so that none is added or
// renamed without its readers being told.
func TestJSONIsDescribed(t *testing.T) {
	b, err := os.ReadFile("JSON.md")
	must(t, err)
	text := string(b)
	var walk func(reflect.Type)
	walk = func(of reflect.Type) {
		switch of.Kind() {
		case reflect.Slice, reflect.Array, reflect.Pointer:
			walk(of.Elem())
		case reflect.Struct:
			for i := range of.NumField() {
				name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
				if !strings.Contains(text, "`"+name+"`") {
					t.Errorf("%s.%s: the field %q is not in JSON.md", of, of.Field(i).Name, name)
				}
				walk(of.Field(i).Type)
			}
		}
	}
	for _, document := range []any{
		batchView{}, walletDocument{}, stationDocument{}, addressDocument{}, payoutDocument{}, importDocument{}, verifier.Report{}, coordinator.Waiting{}, checkDocument{}, diffDocument{}, recognisedDocument{},
		challengeDocument{}, statementDocument{}, givenDocument{}, voidDocument{}, personDocument{}, amendmentDocument{}, epochDocument{}, freezeDocument{}, priceDocument{},
	} {
		walk(reflect.TypeOf(document))
	}
}
