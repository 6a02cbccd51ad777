package ur

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
)

// Style is one of the three spellings of bytewords (BCR-2020-012).
type Style int

const (
	Standard Style = iota // four-letter words parted by spaces
	URI                   // four-letter words parted by hyphens
	Minimal               // first and last letter of each word, no separator
)

// bytewords holds the 256 words in order, four letters each. First and last
// letter identify a word.
const bytewords = "ableacidalsoapexaquaarchatomauntawayaxisbackbaldbarnbeltbetabias" +
	"bluebodybragbrewbulbbuzzcalmcashcatschefcityclawcodecolacookcost" +
	"cruxcurlcuspcyandarkdatadaysdelidicedietdoordowndrawdropdrumdull" +
	"dutyeacheasyechoedgeepicevenexamexiteyesfactfairfernfigsfilmfish" +
	"fizzflapflewfluxfoxyfreefrogfuelfundgalagamegeargemsgiftgirlglow" +
	"goodgraygrimgurugushgyrohalfhanghardhawkheathelphighhillholyhope" +
	"hornhutsicedideaidleinchinkyintoirisironitemjadejazzjoinjoltjowl" +
	"judojugsjumpjunkjurykeepkenokeptkeyskickkilnkingkitekiwiknoblamb" +
	"lavalazyleaflegsliarlimplionlistlogoloudloveluaulucklungmainmany" +
	"mathmazememomenumeowmildmintmissmonknailnavyneednewsnextnoonnote" +
	"numbobeyoboeomitonyxopenovalowlspaidpartpeckplaypluspoempoolpose" +
	"puffpumapurrquadquizraceramprealredorichroadrockroofrubyruinruns" +
	"rustsafesagascarsetssilkskewslotsoapsolosongstubsurfswantacotask" +
	"taxitenttiedtimetinytoiltombtoystriptunatwinuglyundouniturgeuser" +
	"vastveryvetovialvibeviewvisavoidvowswallwandwarmwaspwavewaxywebs" +
	"whatwhenwhizwolfworkyankyawnyellyogayurtzapszerozestzinczonezoom"

// noWord marks a pair of letters that no word begins and ends with.
const noWord = -1

// byPair maps first letter * 26 + last letter to a byte.
var byPair = pairTable()

func pairTable() (table [26 * 26]int16) {
	for i := range table {
		table[i] = noWord
	}
	for b := 0; b < 256; b++ {
		w := bytewords[4*b : 4*b+4]
		table[int(w[0]-'a')*26+int(w[3]-'a')] = int16(b)
	}
	return table
}

// EncodeBytewords spells data followed by its CRC-32 (4 bytes, big-endian) in
// lower case.
func EncodeBytewords(style Style, data []byte) string {
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(data))
	separator := ""
	switch style {
	case Standard:
		separator = " "
	case URI:
		separator = "-"
	}
	var out strings.Builder
	out.Grow(5 * (len(data) + len(sum)))
	for i := 0; i < len(data)+len(sum); i++ {
		var b byte
		if i < len(data) {
			b = data[i]
		} else {
			b = sum[i-len(data)]
		}
		w := bytewords[4*int(b) : 4*int(b)+4]
		if style == Minimal {
			out.WriteByte(w[0])
			out.WriteByte(w[3])
			continue
		}
		if i > 0 {
			out.WriteString(separator)
		}
		out.WriteString(w)
	}
	return out.String()
}

// DecodeBytewords reads what EncodeBytewords wrote, in any case, and returns
// the data without its checksum; there must be at least one byte of it. It
// allocates no more than the text's own length.
func DecodeBytewords(style Style, text string) ([]byte, error) {
	width, step := 4, 5
	separator := byte(' ')
	switch style {
	case URI:
		separator = '-'
	case Minimal:
		width, step = 2, 2
	}
	count := (len(text) + step - width) / step
	if count < 5 || len(text) != count*step-(step-width) {
		return nil, fmt.Errorf("ur: bytewords of %d characters: no whole number of words with a checksum", len(text))
	}
	data := make([]byte, count)
	for i := range data {
		w := text[i*step : i*step+width]
		b, ok := decodeWord(w)
		if !ok {
			return nil, fmt.Errorf("ur: bytewords: no word at position %d", i)
		}
		if end := i*step + width; step > width && end < len(text) && text[end] != separator {
			return nil, fmt.Errorf("ur: bytewords: no separator after word %d", i)
		}
		data[i] = b
	}
	body, sum := data[:count-4], data[count-4:]
	if crc32.ChecksumIEEE(body) != binary.BigEndian.Uint32(sum) {
		return nil, errors.New("ur: bytewords: checksum does not match")
	}
	return body, nil
}

// decodeWord reads a word of two or four letters.
func decodeWord(w string) (byte, bool) {
	first, last := lower(w[0]), lower(w[len(w)-1])
	if first < 'a' || first > 'z' || last < 'a' || last > 'z' {
		return 0, false
	}
	b := byPair[int(first-'a')*26+int(last-'a')]
	if b == noWord {
		return 0, false
	}
	if len(w) == 4 && (lower(w[1]) != bytewords[4*b+1] || lower(w[2]) != bytewords[4*b+2]) {
		return 0, false
	}
	return byte(b), true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}
