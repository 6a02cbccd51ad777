package k256

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The operations of this package that touch a secret. Each must compute through
// kryptology and may come near decred only through the named functions, which see
// public values alone. An exported function that is in none of the three tables fails the test:
// whoever adds one says here what it is.
var secretOperations = map[string][]string{
	"ScalarFromBytes":   nil,
	"ScalarReduce":      nil,
	"Scalar.Add":        nil,
	"Scalar.Sub":        nil,
	"Scalar.Mul":        nil,
	"Scalar.Neg":        nil,
	"Scalar.Invert":     nil,
	"Scalar.BaseMul":    {"parse"},                     // the product is public
	"Scalar.MulPoint":   {"parse", "Point.kryptology"}, // so is the point
	"Polynomial.EvalAt": nil,
	"Polynomial.Commit": {"parse"},
	"VerifyShare":       {"parse", "EvalCommitment", "Point.Equal"}, // the commitment is public
}

// Functions of public values, free to use decred.
var publicOperations = []string{
	"ParsePoint", "ParsePointOrInfinity", "LiftX", "Generator", "BasePublic", "EvalCommitment",
	"Point.MulPublic", "Point.Add", "Point.Neg", "Point.Sub", "Point.Equal", "Point.IsInfinity",
	"Point.HasEvenY", "Point.Bytes", "Point.XOnly", "Point.Affine", "Point.String",
}

// Functions that copy, compare, overwrite or hide bytes and compute nothing.
var plainOperations = []string{
	"ScalarFromInt", "NewPolynomial", "Polynomial.Wipe", "Polynomial.String", "Polynomial.GoString", "Polynomial.Format",
	"Scalar.IsZero", "Scalar.Equal", "Scalar.Bytes", "Scalar.Wipe",
	"Scalar.String", "Scalar.GoString", "Scalar.Format",
}

func TestSecretOperationsRunThroughK256(t *testing.T) {
	sources := readSources(t)
	if problems := checkSecretOperations(t, sources); len(problems) != 0 {
		t.Errorf("%s", strings.Join(problems, "\n"))
	}
}

// TestSecretOperationsCheckCanFail turns each operation into a shortcut and
// expects to be told.
func TestSecretOperationsCheckCanFail(t *testing.T) {
	mutations := []struct{ file, old, new, blames string }{
		{"scalar.go", "fromKryptologyPoint(baseMul(s))", "BasePublic(s)", "Scalar.BaseMul"},
		{"scalar.go", "fromKryptologyPoint(p.kryptology().Mul(s.kryptology()))", "p.MulPublic(s)", "Scalar.MulPoint"},
		{"scalar.go", "fromKryptology(s.kryptology().Mul(o.kryptology()), nil)", "&Scalar{bytes: s.bytes}", "Scalar.Mul"},
		{"polynomial.go", "out[i] = c.BaseMul()", "out[i] = BasePublic(c)", "Polynomial.Commit"},
		{"polynomial.go", "!share.BaseMul().Equal(want)", "!BasePublic(share).Equal(want)", "VerifyShare"},
		{"base.go", "sum = sum.Add(table[i][digit])", "_ = new(secp256k1.ModNScalar)", "Scalar.BaseMul"},
		{"point.go", "func (p Point) Neg() Point", "func (p Point) Twice() Point", "Point.Twice"},
	}
	for _, m := range mutations {
		sources := readSources(t)
		if strings.Count(sources[m.file], m.old) != 1 {
			t.Fatalf("%s does not hold %q once", m.file, m.old)
		}
		sources[m.file] = strings.Replace(sources[m.file], m.old, m.new, 1)
		if m.file == "base.go" {
			sources[m.file] = strings.Replace(sources[m.file], "import (", "import (\n\"github.com/decred/dcrd/dcrec/secp256k1/v4\"", 1)
		}
		problems := strings.Join(checkSecretOperations(t, sources), "\n")
		if !strings.Contains(problems, m.blames+":") {
			t.Errorf("with %q the check says %q", m.new, problems)
		}
	}
}

func readSources(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources[name] = string(data)
	}
	return sources
}

// hollow stands for every import: calls into it do not resolve, calls inside
// the package do.
type hollow struct{}

func (hollow) Import(path string) (*types.Package, error) {
	name := path[strings.LastIndex(path, "/")+1:]
	if name == "v4" {
		name = "secp256k1"
	}
	p := types.NewPackage(path, name)
	p.MarkComplete()
	return p, nil
}

func checkSecretOperations(t *testing.T, sources map[string]string) []string {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		f, err := parser.ParseFile(fset, name, sources[name], 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: hollow{}, Error: func(error) {}}
	pkg, _ := conf.Check("k256", fset, files, info) // names of imports stay unresolved

	// For every function and package variable: what it uses inside the package, and which imports.
	uses, imports := map[string][]string{}, map[string][]string{}
	record := func(name string, body ast.Node) {
		ast.Inspect(body, func(n ast.Node) bool {
			id, isIdent := n.(*ast.Ident)
			if !isIdent {
				return true
			}
			switch obj := info.Uses[id].(type) {
			case *types.PkgName:
				imports[name] = append(imports[name], obj.Imported().Path())
			case *types.Func, *types.Var:
				if obj.Pkg() == pkg {
					uses[name] = append(uses[name], nameOf(obj))
				}
			}
			return true
		})
	}
	var exported []string
	for _, f := range files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				name := nameOf(info.Defs[d.Name])
				if d.Name.IsExported() {
					exported = append(exported, name)
				}
				record(name, d.Body)
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if v, isValue := s.(*ast.ValueSpec); isValue {
						for _, value := range v.Values {
							record(v.Names[0].Name, value)
						}
					}
				}
			}
		}
	}

	var problems []string
	for _, name := range exported {
		_, secret := secretOperations[name]
		if !secret && !slices.Contains(publicOperations, name) && !slices.Contains(plainOperations, name) {
			problems = append(problems, name+": is in none of the tables")
		}
	}
	reach := func(name string, stop []string) map[string]bool {
		seen, queue, out := map[string]bool{}, []string{name}, map[string]bool{}
		for len(queue) > 0 {
			at := queue[0]
			queue = queue[1:]
			if seen[at] || slices.Contains(stop, at) {
				continue
			}
			seen[at] = true
			for _, path := range imports[at] {
				out[path] = true
			}
			queue = append(queue, uses[at]...)
		}
		return out
	}
	for _, name := range slices.Sorted(maps.Keys(secretOperations)) {
		if !slices.Contains(exported, name) {
			problems = append(problems, name+": does not exist")
			continue
		}
		through := false
		for path := range reach(name, secretOperations[name]) {
			through = through || strings.HasPrefix(path, "github.com/coinbase/kryptology/")
			if strings.Contains(path, "secp256k1") || strings.Contains(path, "btcec") || path == "math/big" {
				problems = append(problems, name+": reaches "+path)
			}
		}
		if !through || !computes(name, uses, imports) {
			problems = append(problems, name+": does not compute through kryptology")
		}
	}
	for _, name := range plainOperations {
		for path := range reach(name, nil) {
			if strings.Contains(path, "kryptology") || strings.Contains(path, "secp256k1") || path == "math/big" {
				problems = append(problems, name+": reaches "+path)
			}
		}
	}
	return problems
}

// computes tells whether the operation itself names kryptology, or hands its
// operands to a function that does: reaching it by way of a check alone is not
// enough.
func computes(name string, uses, imports map[string][]string) bool {
	doors := []string{"Scalar.kryptology", "baseMul", "Scalar.BaseMul"}
	for _, u := range uses[name] {
		if slices.Contains(doors, u) {
			return true
		}
	}
	return slices.ContainsFunc(imports[name], func(path string) bool { return strings.HasPrefix(path, "github.com/coinbase/kryptology/") })
}

func nameOf(obj types.Object) string {
	f, isFunc := obj.(*types.Func)
	if !isFunc {
		return obj.Name()
	}
	recv := f.Signature().Recv()
	if recv == nil {
		return f.Name()
	}
	typ := recv.Type()
	if p, isPointer := typ.(*types.Pointer); isPointer {
		typ = p.Elem()
	}
	return typ.(*types.Named).Obj().Name() + "." + f.Name()
}
