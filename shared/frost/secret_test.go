package frost

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Where secrets meet points, and what they must run through. k256's own test
// holds those operations to kryptology. A function that loses its operation
// fails the test.
var secretOperations = map[string][]string{
	"ParseSecretShare":                {"BaseMul"},    // public share of a share
	"newNonce":                        {"BaseMul"},    // public nonce of a nonce
	"Session.Sign":                    {"Mul", "Add"}, // the partial signature
	"chilldkg.ParseHostSecretKey":     {"BaseMul"},    // host public key
	"chilldkg.schnorrSign":            {"BaseMul", "Mul", "Add"},
	"chilldkg.encryptionNonce":        {"BaseMul"},
	"chilldkg.ecdhPad":                {"MulPoint"},
	"chilldkg.deal":                   {"EvalAt", "Commit"},
	"chilldkg.shareMatches":           {"VerifyShare"},
	"chilldkg.ParseParticipantState2": {"BaseMul"},
	"chilldkg.ParticipantInvestigate": {"BaseMul"},
}

// The only functions that multiply in variable time, and why each scalar there
// is public. Another caller fails the test.
var variableTime = map[string]string{
	"NewSigners":             "interpolating values follow from ids",
	"TweakContext.Apply":     "tweaks follow from public keys",
	"NewSession":             "the nonce coefficient is a hash of public values",
	"Session.Verify":         "a partial signature is published",
	"chilldkg.newGroupKey":   "the tweak is a hash of the threshold key",
	"chilldkg.schnorrVerify": "a signature is published",
}

func TestSecretsMeetPointsOnlyInConstantTime(t *testing.T) {
	calls := callsByFunction(t)
	for name, want := range secretOperations {
		for _, call := range want {
			if !slices.Contains(calls[name], call) {
				t.Errorf("%s does not call %s", name, call)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		for _, call := range calls[name] {
			if call != "MulPublic" && call != "BasePublic" {
				continue
			}
			if variableTime[name] == "" {
				t.Errorf("%s calls %s, and nobody said why its scalar is public", name, call)
			}
			if secretOperations[name] != nil {
				t.Errorf("%s handles a secret and calls %s", name, call)
			}
		}
	}
	for name := range variableTime {
		if !slices.Contains(calls[name], "MulPublic") && !slices.Contains(calls[name], "BasePublic") {
			t.Errorf("%s is listed and multiplies nothing", name)
		}
	}
}

// callsByFunction lists the names of the methods and functions that each function
// of this package and of chilldkg calls.
func callsByFunction(t *testing.T) map[string][]string {
	t.Helper()
	calls := map[string][]string{}
	for dir, prefix := range map[string]string{".": "", "chilldkg": "chilldkg."} {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				fn, isFunc := d.(*ast.FuncDecl)
				if !isFunc {
					continue
				}
				key := prefix + receiver(fn) + fn.Name.Name
				ast.Inspect(fn.Body, func(n ast.Node) bool {
					if sel, isSelector := n.(*ast.SelectorExpr); isSelector {
						calls[key] = append(calls[key], sel.Sel.Name)
					}
					return true
				})
			}
		}
	}
	return calls
}

func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return ""
	}
	typ := fn.Recv.List[0].Type
	if star, isPointer := typ.(*ast.StarExpr); isPointer {
		typ = star.X
	}
	return typ.(*ast.Ident).Name + "."
}
