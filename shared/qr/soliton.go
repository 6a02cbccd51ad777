package qr

import "math"

// Parameters of the robust soliton (Luby, LT Codes, 2002): the usual middle
// values for some hundred fragments.
const (
	solitonC     = 0.1
	solitonDelta = 0.5
)

// solitonOverHarmonic returns, for each degree 1..k, the probability with
// which a part of that degree is to be kept so that the kept ones follow the
// robust soliton distribution, although the standard draws degree d with a
// probability proportional to 1/d. Element 0 is unused.
func solitonOverHarmonic(k int) []float64 {
	keep := make([]float64, k+1)
	n := float64(k)
	ripple := solitonC * math.Log(n/solitonDelta) * math.Sqrt(n)
	spike := max(1, min(k, int(math.Round(n/ripple))))
	largest := 0.0
	for d := 1; d <= k; d++ {
		p := 1 / n
		if d > 1 {
			p = 1 / (float64(d) * float64(d-1))
		}
		switch {
		case d < spike:
			p += ripple / (float64(d) * n)
		case d == spike:
			p += max(0, ripple*math.Log(ripple/solitonDelta)/n)
		}
		keep[d] = p * float64(d)
		largest = max(largest, keep[d])
	}
	for d := range keep {
		keep[d] /= largest
	}
	return keep
}
