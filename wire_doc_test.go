package heliograph_test

// Documents stand beside what they describe, and these tests hold them to it:
// WIRE.md against the tags and the fields in the sources, the runbooks against
// the fault codes that a person can meet.

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const wireDoc = "shared/wire/WIRE.md"

// sources parses the non-test Go files under the folders.
func sources(t *testing.T, folders ...string) map[string]*ast.File {
	t.Helper()
	out := make(map[string]*ast.File)
	for _, name := range goFiles(t) {
		if !slices.ContainsFunc(folders, func(folder string) bool { return strings.HasPrefix(name, folder+"/") }) {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = f
	}
	return out
}

func document(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// text is the value of a string literal, or false.
func text(n ast.Node) (string, bool) {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

// compare reports what one side has and the other lacks.
func compare(t *testing.T, left string, have map[string]string, right string, want map[string]string) {
	t.Helper()
	for _, k := range slices.Sorted(maps.Keys(have)) {
		if _, ok := want[k]; !ok {
			t.Errorf("%s has %s (%s); %s lacks it", left, k, have[k], right)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if _, ok := have[k]; !ok {
			t.Errorf("%s has %s (%s); %s lacks it", right, k, want[k], left)
		}
	}
}

// A tag that two hashes share, or that no document lists, lets one hash stand
// for another.
func TestTagsAreDocumented(t *testing.T) {
	form := regexp.MustCompile(`Heliograph/[a-z0-9-]+/v\d+`)
	used := make(map[string]string)
	for name, f := range sources(t, "ceremonies", "offline", "online", "shared") {
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := text(n); ok && form.FindString(s) == s && s != "" {
				if first, twice := used[s]; twice {
					t.Errorf("the tag %s is spelled in %s and in %s: one place makes one hash", s, first, name)
				}
				used[s] = name
			}
			return true
		})
	}
	listed := make(map[string]string)
	for _, row := range regexp.MustCompile("(?m)^\\| `(Heliograph/[^`]*)` \\|").FindAllStringSubmatch(document(t, wireDoc), -1) {
		if listed[row[1]] != "" {
			t.Errorf("%s lists %s twice", wireDoc, row[1])
		}
		listed[row[1]] = "table of tags"
	}
	compare(t, "the program", used, wireDoc, listed)
}

// kept are encoded structs that never leave the machine that made them.
var kept = []string{
	"keygen.shareRecord", "keygen.savedState", "keygen.coordinatorState", "reviewing.state",
	"amendment.stationState", "amendment.kept", "amendment.Log", "amendment.restoredState", "amendment.coordinatorState", "amendment.earlier", "amendment.refusal",
	"lineage.Votes", "lineage.Vote",
	"signing.stream", "signing.stationState", "signing.sessionState", "signing.deskStation",
}

// A field or key in WIRE.md that the program does not have, or the other way
// round, makes another implementation speak another language.
func TestFieldsAreDocumented(t *testing.T) {
	inCode := make(map[string]string)
	folders := []string{"ceremonies/amendment", "ceremonies/enrolment", "ceremonies/keygen", "ceremonies/reviewing", "ceremonies/signing", "shared/batch", "shared/ledger", "shared/charter", "shared/approval", "shared/policy", "shared/spv"}
	for name, f := range sources(t, folders...) {
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			form, ok := spec.Type.(*ast.StructType)
			owner := f.Name.Name + "." + spec.Name.Name
			if !ok || slices.Contains(kept, owner) {
				return true
			}
			for _, field := range encodedFields(form) {
				inCode[owner+" "+field] = name
			}
			return true
		})
	}
	compare(t, "the program", inCode, wireDoc, documentedFields(document(t, wireDoc)))
}

// encodedFields lists the fields of a struct that CBOR carries, as "Name key",
// with " optional" where absence is a value.
func encodedFields(form *ast.StructType) []string {
	var out []string
	array := false
	for _, field := range form.Fields.List {
		tag := ""
		if field.Tag != nil {
			raw, _ := strconv.Unquote(field.Tag.Value)
			tag = reflect.StructTag(raw).Get("cbor")
		}
		if strings.Contains(tag, "toarray") {
			array = true
			continue
		}
		for _, name := range field.Names {
			key, options, _ := strings.Cut(tag, ",")
			switch {
			case array:
				out = append(out, fmt.Sprintf("%s %d", name.Name, len(out)))
			case strings.Contains(options, "omitempty"):
				out = append(out, name.Name+" "+key+" optional")
			case tag != "":
				out = append(out, name.Name+" "+key)
			}
		}
	}
	return out
}

// documentedFields reads the tables whose heading row begins with field and
// key. A table belongs to the first struct in backticks of the paragraph above.
func documentedFields(doc string) map[string]string {
	owner := regexp.MustCompile("`([a-z]+\\.[A-Za-z0-9]+)`")
	row := regexp.MustCompile(`^\| (\w+) \| (\d+) \| (.*)$`)
	out := make(map[string]string)
	current, inTable, fresh := "", false, true
	for _, line := range strings.Split(doc, "\n") {
		switch {
		case strings.HasPrefix(line, "| field | key |"):
			inTable = true
		case strings.HasPrefix(line, "|"):
			if m := row.FindStringSubmatch(line); inTable && m != nil {
				field := current + " " + m[1] + " " + m[2]
				if strings.Contains(m[3], "may be absent") {
					field += " optional"
				}
				out[field] = "table of " + current
			}
		case line == "":
			inTable, fresh = false, true
		default:
			if m := owner.FindStringSubmatch(line); m != nil && fresh {
				current, fresh = m[1], false
			}
		}
	}
	return out
}

// codeForm is what the ceremonies' fault codes look like.
var codeForm = regexp.MustCompile(`^(amendment|enrolment|keygen|reviewing|signing|session|time)/[a-z0-9-]+$`)

// faultCodes finds string literals that look like fault codes. Names of kept
// records look alike: they are constants, or the Name of a Record.
func faultCodes(files map[string]*ast.File) map[string]string {
	out := make(map[string]string)
	for name, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GenDecl:
				return n.Tok != token.CONST && n.Tok != token.IMPORT
			case *ast.KeyValueExpr:
				key, ok := n.Key.(*ast.Ident)
				return !ok || key.Name != "Name"
			}
			if s, ok := text(n); ok && codeForm.MatchString(s) {
				out[s] = name
			}
			return true
		})
	}
	return out
}

// A person who reads a code on a screen finds it in the runbook of the
// ceremony, and no runbook explains a code that no program shows.
func TestFaultCodesAreInRunbooks(t *testing.T) {
	listed := make(map[string]string)
	row := regexp.MustCompile("(?m)^\\| `([a-z]+/[a-z0-9-]+)` \\|")
	for _, ceremony := range []string{"amendment", "enrolment", "keygen", "reviewing", "signing"} {
		name := path.Join("ceremonies", ceremony, "RUNBOOK.md")
		for _, m := range row.FindAllStringSubmatch(document(t, name), -1) {
			listed[m[1]] = name
		}
		here := make(map[string]string)
		for code, at := range listed {
			if at == name {
				here[code] = at
			}
		}
		codes := faultCodes(sources(t, path.Join("ceremonies", ceremony)))
		if len(codes) < 5 {
			t.Fatalf("only %d fault codes found in %s: this test looks for the wrong thing", len(codes), ceremony)
		}
		for _, code := range slices.Sorted(maps.Keys(codes)) {
			if _, ok := here[code]; !ok {
				t.Errorf("%s (%s) is not in %s", code, codes[code], name)
			}
		}
	}
	known := faultCodes(sources(t, "ceremonies", "offline", "online"))
	for _, code := range slices.Sorted(maps.Keys(listed)) {
		if _, ok := known[code]; !ok && codeForm.MatchString(code) {
			t.Errorf("%s explains %s, which no program shows", listed[code], code)
		}
	}
}
