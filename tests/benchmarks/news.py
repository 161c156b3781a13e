"""Articles of 4 kB, as a provincial paper has them; each differs from every other."""

import json
import random
from typing import Any

_WORDS = """
    hội nghị tổng kết công tác năm nhiệm vụ tỉnh ủy đảng bộ nhân dân địa phương phát triển kinh tế
    xã hội văn hóa giáo dục y tế nông nghiệp du lịch bền vững đại biểu lãnh đạo đồng chí chủ tịch
    báo cáo kết quả thực hiện kế hoạch dự án đường cầu sông rừng biển thị xã huyện xã phường
""".split()  # noqa: SIM905 (a text, to be read)
_SECTIONS = ("Thời sự", "Kinh tế", "Xã hội", "Văn hóa", "Thể thao", "Giáo dục", "Pháp luật")
#: A paper has a few thousand tags; each is used many times.
_TAGS = [f"{one} {other}" for one in _WORDS[:40] for other in _WORDS[40:80]]
_BODY_BYTES = 4_000


def make_event(number: int) -> dict[str, Any]:
    """The event that publishes the article of a number; the same whenever it is made."""
    chance = random.Random(number)
    section = chance.choice(_SECTIONS)
    return {
        "type": "article.published",
        "data": {
            "id": f"bench-{number:07}",
            "url": f"https://news.example/{number}",
            "title": _sentence(chance, 12).capitalize(),
            "summary": _sentence(chance, 30).capitalize() + ".",
            "content_html": _body(chance, number),
            "language": "vi",
            "authors": [{"name": f"{chance.choice('ABCĐHLMNT')}.{chance.choice('BHLNT')}"}],
            "tags": chance.sample(_TAGS, 3),
            "categories": [
                {"name": section, "parent": {"name": "Tin tức"}},
                {"name": f"{section} {chance.randrange(4)}", "parent": {"name": section}},
            ],
            "image": f"https://news.example/{number}.jpg",
            "date_published": f"2023-01-{1 + number % 28:02}T{number % 24:02}:30:00+07:00",
            "date_modified": f"2023-01-{1 + number % 28:02}T{number % 24:02}:45:00+07:00",
        },
    }


def make_lines(first: int, count: int) -> bytes:
    """Events in NDJSON."""
    return b"".join(
        json.dumps(make_event(number), ensure_ascii=False).encode() + b"\n"
        for number in range(first, first + count)
    )


def _body(chance: random.Random, number: int) -> str:
    paragraphs = [
        f'<figure><img src="/anh/{number}.jpg" alt="{_sentence(chance, 4)}"></figure>',
        f'<p>Xem thêm: <a href="https://news.example/{number - 1}">{_sentence(chance, 8)}</a>.</p>',
    ]
    size = sum(len(paragraph.encode()) for paragraph in paragraphs)
    while size < _BODY_BYTES:
        paragraph = f"<p>{_sentence(chance, 45).capitalize()}.</p>"
        paragraphs.append(paragraph)
        size += len(paragraph.encode())
    return "".join(paragraphs)


def _sentence(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(_WORDS, k=words))
