"""Labels: a scanner reads the QR of the ZPL, the PDF has a page each with the Chinese in it."""

import re

import pytest
import zxingcpp
from PIL import Image

from tools.flashing import label

ONE = label.Label(12, "pos", "第一食堂 1-03 号窗口", "e661410400000001", "0.1.0")


def picture(zpl):
    """The drawing of ^GFA as an image with a white edge."""
    size, row_bytes, content = re.search(r"\^GFA,\d+,(\d+),(\d+),([0-9A-F]+)\^FS", zpl).groups()
    width, height = int(row_bytes) * 8, int(size) // int(row_bytes)
    bits = Image.frombytes("1", (width, height), bytes(b ^ 0xFF for b in bytes.fromhex(content)))
    page = Image.new("L", (width + 80, height + 80), 255)
    page.paste(bits.convert("L"), (40, 40))
    return page


def test_the_qr_of_the_zpl_is_read():
    (found,) = zxingcpp.read_barcodes(picture(label.zpl([ONE]).decode()))
    assert found.text == label.qr_text(ONE) == "campus-terminal:12:e661410400000001"


def test_everything_is_inside_the_label():
    zpl = label.zpl([ONE]).decode()
    places = [tuple(map(int, pair)) for pair in re.findall(r"\^FO(\d+),(\d+)", zpl)]
    assert len(places) == 8
    assert all(x < label.WIDTH_MM * 8 and 0 <= y < label.HEIGHT_MM * 8 - 10 for x, y in places)


def test_a_pdf_has_a_page_each_and_is_the_same_each_time():
    two = [ONE, ONE._replace(number=13)]
    pdf = label.pdf(two)
    assert pdf == label.pdf(two) and pdf.count(b"/Type /Page\n") == 2
    assert b"STSong-Light" in pdf


@pytest.mark.parametrize("place", ["^XA^FD", "~JA", "a_41", "\\&"])
def test_a_place_is_no_command_of_the_printer(place):
    zpl = label.zpl([ONE._replace(place=place)]).decode()
    fields = re.findall(r"\^FD(.*?)\^FS", zpl)
    assert zpl.count("^XA") == 1 and "~" not in zpl and not any("^" in field for field in fields)
