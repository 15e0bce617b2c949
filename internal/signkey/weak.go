package signkey

import (
	"crypto/ed25519"
	"errors"
	"math/big"
	"slices"
)

// ErrWeak is a public key under which anybody can sign.
var ErrWeak = errors.New("it is a weak Ed25519 key, for which anybody can make signatures that seem good; make a new pair of keys")

var errNoPoint = errors.New("its 32 bytes are no Ed25519 public key")

// prime is that of the field of Ed25519, 2²⁵⁵ - 19; curveD is the constant of its curve.
var (
	prime  = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	curveD = number("37095705934669439343138083508754565189542113879843219016388785533085940283555")
)

// smallOrder are the y coordinates of the eight points that the cofactor takes to zero.
var smallOrder = []*big.Int{
	big.NewInt(0), big.NewInt(1), new(big.Int).Sub(prime, big.NewInt(1)),
	number("2707385501144840649318225287225658788936804267575313519463743609750303402022"),
	number("55188659117513257062467267217118295137698188065244968500265048394206261417927"),
}

func number(decimal string) *big.Int {
	n, _ := new(big.Int).SetString(decimal, 10)
	return n
}

// CheckEd25519 refuses what is no public key, or one that ties nobody: the eight points of small order verify a signature
// that is easily made for one message in eight or more ([ErrWeak]). Verification itself takes any bytes.
func CheckEd25519(key ed25519.PublicKey) error {
	if len(key) != ed25519.PublicKeySize {
		return errNoPoint
	}
	b := slices.Clone(key)
	slices.Reverse(b)
	b[0] &= 0x7f // the sign of x
	y := new(big.Int).SetBytes(b)
	reduced := new(big.Int).Mod(y, prime)
	if slices.ContainsFunc(smallOrder, func(n *big.Int) bool { return n.Cmp(reduced) == 0 }) {
		return ErrWeak
	}
	if y.Cmp(prime) >= 0 {
		return errNoPoint
	}
	// x² = (y² - 1) / (dy² + 1) must have a root.
	square := new(big.Int).Mul(y, y)
	below := new(big.Int).Mul(square, curveD)
	below.Add(below, big.NewInt(1)).ModInverse(below.Mod(below, prime), prime)
	x := square.Sub(square, big.NewInt(1))
	x.Mul(x, below).Mod(x, prime)
	if big.Jacobi(x, prime) < 0 {
		return errNoPoint
	}
	return nil
}
