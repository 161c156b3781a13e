"""Articles for benchmarks: as a newsroom writes them, all different, the same ones every time."""

import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

#: What an article's HTML comes to in UTF-8, give or take a sentence.
BODY_BYTES = 4_000
_FIRST_PUBLISHED = datetime(2023, 1, 9, 1, 0, tzinfo=UTC)
_WORDS = (
    "tỉnh ủy huyện đảng bộ nhân dân hội nghị phát triển kinh tế xã hội công trình cầu đường giao "
    "thông nông nghiệp lúa cà phê mùa vụ giáo dục trường học sinh viên y bệnh viện bác sĩ sức "
    "khỏe môi trường rừng nước biển đảo du lịch lễ văn hóa nghệ thuật thể thao bóng đá trẻ em phụ "
    "nữ thanh niên doanh nghiệp đầu tư dự án kế hoạch nhiệm vụ thực hiện triển khai tổ chức đề "
    "nghị chỉ đạo kiểm tra giám sát cải cách hành chính chuyển đổi số năm tháng ngày sáng chiều "
    "quý những các được không của và với trong trên theo nhiều hơn đã sẽ đang cùng góp phần nâng "
    "cao chất lượng đời sống bảo đảm"
)
_SYLLABLES = _WORDS.split()
_SECTIONS = {
    ("tin-tuc", "Tin tức"): (("thoi-su", "Thời sự"), ("xay-dung-dang", "Xây dựng Đảng")),
    ("kinh-te", "Kinh tế"): (("nong-nghiep", "Nông nghiệp"), ("ha-tang", "Hạ tầng")),
    ("xa-hoi", "Xã hội"): (
        ("giao-duc", "Giáo dục"),
        ("y-te", "Y tế"),
        ("moi-truong", "Môi trường"),
    ),
    ("van-hoa", "Văn hóa"): (("le-hoi", "Lễ hội"), ("du-lich", "Du lịch")),
}
_CHILDREN = [
    {"slug": slug, "name": name, "parent": {"slug": parent[0], "name": parent[1]}}
    for parent, children in _SECTIONS.items()
    for slug, name in children
]
_TAGS = [f"{one} {other}" for one in _SYLLABLES[:20] for other in _SYLLABLES[20:30]]
_AUTHORS = [f"{first}.{last}" for first in "ABDHLMNQTV" for last in "BCHKNT"]


def make_event(number: int, body_bytes: int = BODY_BYTES) -> dict[str, Any]:
    """The event that publishes the article of this number; a later number is newer news."""
    random = Random(number)
    at = published_at(number)
    address = f"https://news.example/{at:%Y/%m/%d}/bai-{number}"
    data = {
        "id": f"{at:%Y%m%d}-{number:06}",
        "url": address,
        "title": _words(random, 12).capitalize(),
        "summary": _sentence(random) + " " + _sentence(random),
        "content_html": _html(random, address, body_bytes),
        "language": "vi",
        "authors": [{"name": random.choice(_AUTHORS)}],
        "tags": random.sample(_TAGS, 3),
        "categories": random.sample(_CHILDREN, 2),
        "image": f"{address}/anh-bia.jpg",
        "date_published": at.isoformat(),
    }
    return {"type": "article.published", "timestamp": at.isoformat(), "data": data}


def published_at(number: int) -> datetime:
    return _FIRST_PUBLISHED + timedelta(minutes=number)


def make_lines(first: int, count: int) -> bytes:
    """An NDJSON body with the events of so many articles."""
    return b"".join(dumped_event(number) + b"\n" for number in range(first, first + count))


def dumped_event(number: int, body_bytes: int = BODY_BYTES) -> bytes:
    return json.dumps(make_event(number, body_bytes), ensure_ascii=False).encode()


def _html(random: Random, address: str, body_bytes: int) -> str:
    picture = f'<img src="{address}/anh-1.jpg" alt="{_words(random, 5)}" width="1200" height="800">'
    parts = [
        f"<figure>{picture}<figcaption>{_sentence(random)}</figcaption></figure>",
        f'<p>{_sentence(random)} <a href="{address}/lien-quan">{_words(random, 4)}</a>.</p>',
        f"<h2>{_words(random, 6).capitalize()}</h2>",
    ]
    size = sum(len(part.encode()) for part in parts)
    while size < body_bytes:
        sentences = [_sentence(random) for _ in range(4)]
        part = f"<p>{' '.join(sentences)} <strong>{_words(random, 3)}</strong></p>"
        parts.append(part)
        size += len(part.encode())
    return "\n".join(parts)


def _sentence(random: Random) -> str:
    return _words(random, random.randrange(12, 22)).capitalize() + "."


def _words(random: Random, count: int) -> str:
    return " ".join(random.choices(_SYLLABLES, k=count))
