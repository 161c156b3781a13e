"""What a newspaper built with Django would keep of an article."""

from django.db import models


class Named(models.Model):
    name = models.CharField(max_length=200, unique=True)

    class Meta:
        abstract = True


class Category(Named):
    pass


class Author(Named):
    pass


class Tag(Named):
    pass


class Article(models.Model):
    guid = models.CharField(max_length=200, unique=True)
    url = models.URLField(max_length=500)
    title = models.CharField(max_length=500)
    summary = models.TextField()
    content_html = models.TextField()
    published_at = models.DateTimeField(db_index=True)
    modified_at = models.DateTimeField()
    categories = models.ManyToManyField(Category)
    authors = models.ManyToManyField(Author)
    tags = models.ManyToManyField(Tag)

    class Meta:
        ordering = ("-published_at",)
